import { type ActionResult, durationMs, type Plan, readCommandPromise } from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import type { OnceRuns } from "../process/onceRuns.ts";
import { type Ended, runCommand } from "../process/runCommand.ts";
import {
  type ActionRun,
  done,
  failed,
  type ResourceBody,
  type Staged,
  type Subject,
} from "../resourceBody.ts";
import type { Tree } from "../tree.ts";

/** Programs that check and apply. Their working directory is the device's root. */
export function commandBody(tree: Tree, once: OnceRuns): ResourceBody {
  return {
    slow: true,
    observe: async ({ id, promise }, signal) => {
      const { check, timeout } = readCommandPromise(promise);
      // What an agent that was killed has begun is not checked half done.
      await once.earlier(id, durationMs(timeout), signal);
      const ended = await runCommand(check, tree.real("/"), durationMs(timeout), signal);
      if (ended.type === "canceled") throw new DeviceError("ECANCELED", "the check was canceled");
      if (ended.type === "timedOut")
        throw new DeviceError("ETIMEDOUT", `the check took longer than ${timeout}`);
      return { type: "checked", code: ended.code, output: ended.output };
    },
    act: (subject, plan, run) => apply(tree, once, subject, plan, run),
    stage: (subject, plan, run) => stageCommand(tree, once, subject, plan, run),
  };
}

async function apply(
  tree: Tree,
  once: OnceRuns,
  { id, promise }: Subject,
  plan: Plan,
  run: ActionRun,
): Promise<ActionResult> {
  if (plan.verb !== "apply") throw new Error(`A command cannot ${plan.verb}`);
  const { apply, timeout } = readCommandPromise(promise);
  run.progress(1, 1, `running ${apply[0] ?? ""}`);
  const ended = await once.run(id, apply, tree.real("/"), durationMs(timeout), run.signal);
  return resultOf(ended, timeout);
}

/** Nothing can be prepared of a program; what it did is taken back by another one. */
function stageCommand(tree: Tree, once: OnceRuns, subject: Subject, plan: Plan, run: ActionRun): Staged {
  const { undo = [], timeout } = readCommandPromise(subject.promise);
  const orThrow = (result: ActionResult): void => {
    if (result.type === "failed") throw new DeviceError(result.code, `${subject.id}: ${result.detail}`);
    run.signal.throwIfAborted();
  };
  return {
    switch: async () => orThrow(await apply(tree, once, subject, plan, run)),
    undo: async () => {
      // Also where the action was canceled: what was done is taken back all the same.
      const ended = await runCommand(undo, tree.real("/"), durationMs(timeout), new AbortController().signal);
      const result = resultOf(ended, timeout);
      if (result.type === "failed") throw new DeviceError(result.code, result.detail);
    },
    finish: () => undefined,
  };
}

function resultOf(ended: Ended, timeout: string): ActionResult {
  switch (ended.type) {
    case "canceled":
      return { type: "canceled" };
    case "timedOut":
      return failed("ETIMEDOUT", detailOf(`took longer than ${timeout} and was killed`, ended.output));
    case "ended": {
      const detail = detailOf(`ended with ${ended.code}`, ended.output);
      return ended.code === 0 ? done(detail) : failed(`EXIT${ended.code}`, detail);
    }
    default:
      ended satisfies never;
      throw new Error("unreachable");
  }
}

function detailOf(text: string, output: string): string {
  return output === "" ? text : `${text}: ${output.trimEnd()}`;
}
