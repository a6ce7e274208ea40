import { type ActionResult, type JointPart, resourceTypes } from "@antibody/core";
import { parseResourceId } from "@antibody/policy";
import { codeOf, messageOf } from "./deviceError.ts";
import type { Digest } from "./digest.ts";
import {
  type ActionRun,
  done,
  failed,
  type ResourceBody,
  type Staged,
  type Subject,
} from "./resourceBody.ts";

/** One resource of a barrier, with the body that knows it. */
export interface BarrierMember {
  readonly body: ResourceBody;
  readonly subject: Subject;
  readonly part: JointPart;
}

/**
 * Changes several resources as one: all are prepared, then all switched, then all looked at; where anything of that
 * fails, all that was switched is switched back. Nobody can do so at one instant: between the first switch and the
 * last one lie the system calls of the others.
 */
export async function switchTogether(
  members: readonly BarrierMember[],
  digest: Digest,
  run: ActionRun,
): Promise<ActionResult> {
  const staged: { readonly member: BarrierMember; readonly stage: Staged }[] = [];
  const switched: typeof staged = [];
  try {
    for (const member of members) {
      run.progress(1, 3, `preparing ${member.subject.id}`);
      staged.push({ member, stage: prepare(member, run) });
    }
    run.progress(2, 3, `switching ${members.length} resources`);
    for (const each of staged) {
      run.signal.throwIfAborted();
      // Before it is known to have worked: half a switch is to be undone as well.
      switched.push(each);
      await each.stage.switch();
    }
    for (const { member } of staged) {
      run.progress(3, 3, `looking at ${member.subject.id}`);
      await verify(member, digest, run);
    }
    return done(`switched ${members.length} resources together`);
  } catch (error) {
    const left = await undoAll(switched);
    if (run.signal.aborted && left === "") return { type: "canceled" };
    const back = switched.length === 0 ? "nothing was switched" : "all was switched back";
    return failed(codeOf(error), `${messageOf(error)}; ${left === "" ? back : left}`);
  } finally {
    for (const { stage } of staged) finish(stage);
  }
}

function prepare({ body, subject, part }: BarrierMember, run: ActionRun): Staged {
  if (body.stage === undefined) throw new Error(`${subject.id} cannot be in a barrier`);
  return body.stage(subject, part.plan, run);
}

async function verify({ body, subject }: BarrierMember, digest: Digest, run: ActionRun): Promise<void> {
  const observation = await body.observe(subject, run.signal);
  const kind = parseResourceId(subject.id)?.kind;
  const type = resourceTypes.find((each) => each.kind === kind);
  const drift = type?.diff(subject.promise, observation, { digest });
  if (drift === undefined) return;
  throw Object.assign(new Error(`${subject.id} does not hold: ${drift.summary}`), { code: "EVERIFY" });
}

/** The last one first. What could not be undone, in words; empty when all was. */
async function undoAll(
  switched: readonly { readonly member: BarrierMember; readonly stage: Staged }[],
): Promise<string> {
  const left: string[] = [];
  for (const { member, stage } of switched.toReversed()) {
    try {
      await stage.undo();
    } catch (error) {
      left.push(`${member.subject.id} could not be switched back: ${messageOf(error)}`);
    }
  }
  return left.join("; ");
}

/** What was only staged is nobody's: where it cannot be removed now, the next switch meets it. */
function finish(stage: Staged): void {
  try {
    stage.finish();
  } catch (error) {
    if (codeOf(error) === "ERROR") throw error;
  }
}
