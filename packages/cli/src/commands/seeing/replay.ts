import { writeFile } from "node:fs/promises";
import type { Recording, ReplayedStep, ReplaySession } from "@antibody/agent";
import { nodeCrypto } from "@antibody/agent/state";
import { Mind, resourceTypes } from "@antibody/core";
import { exitCode } from "../../errors.ts";
import { findResource } from "../../find.ts";
import type { Invocation } from "../../invocation.ts";
import { readWhole } from "../../options.ts";
import { type Breakpoint, readBreakpoint, stopsAt } from "../../replay/breakpoint.ts";
import type { Verb } from "../../verb.ts";
import { momentView, replayLines, replayView } from "../../views/replay.ts";

interface ReplayOptions {
  readonly save?: string;
  readonly until?: Breakpoint;
  readonly step?: number;
  readonly why?: string;
  readonly interactive?: boolean;
}

/** Steps in one recording, far above what its bytes can hold. */
const stepsMax = 100_000_000;

/** `antibody replay [INCIDENT|FILE]`: runs a recorded agent again, step by step, and compares. */
export const replay: Verb<ReplayOptions> = {
  usage: "replay [incident-or-file]",
  summary:
    "Run a recording again through the same core, and compare every output; stop anywhere and look, or step by hand.",
  examples: [
    "antibody replay                                    # the running agent's recording",
    "antibody replay incident_abcd2345                  # as it was kept with the case",
    "antibody replay incident_abcd2345 --interactive    # forward and back by hand",
    "antibody replay incident_abcd2345.json --until event:resource.handedOff --why process:sensor",
    "antibody replay crash.rec --step 120 --json        # the state after step 120",
  ],
  exits: [
    [0, "every output that was run was the same, and it stopped where it was to stop"],
    [1, "an output differs, where it was to stop never came, or the recording cannot be read"],
  ],
  asksAgent: true,
  declare: (command) =>
    void command
      .option("--save <file>", "also keep the recording, as bytes")
      .option(
        "--until <moment>",
        "stop at event:NAME, resource:ID, input:NUMBER, input:TYPE, a time since the beginning (21.5s), or difference",
        readBreakpoint,
      )
      .option("--step <number>", "stop after this step, from 0; -1 is the beginning", readWhole(-1, stepsMax))
      .option("--why <resource>", "show why this resource was as it was there")
      .option("-i, --interactive", "step by hand; what a terminal does where no other option is given"),
  async run({ invocation, options, args: [what] }) {
    // Loaded here: the other commands start without the body.
    const { loadRecording, recordingError } = await import("../../source/recording.ts");
    const { readRecording, ReplaySession } = await import("@antibody/agent");
    const { bytes, source } = await loadRecording(invocation, what);
    if (options.save !== undefined) await writeFile(options.save, bytes, { mode: 0o600 });
    let session: ReplaySession;
    let ran: Ran;
    let recording: Recording;
    try {
      recording = readRecording(bytes);
      session = new ReplaySession(recording, { crypto: nodeCrypto(), resourceTypes, restore: Mind.restore });
      ran = runTo(session, options);
    } catch (error) {
      throw recordingError(what ?? "the running agent's recording", error);
    }
    const { firstDifference, reached } = ran;
    const isAsked = options.until !== undefined || options.step !== undefined || options.why !== undefined;
    const at = isAsked
      ? momentView(session, invocation.self, whyOf(session, options, invocation))
      : undefined;
    const stepsCount = session.position;
    const view = replayView({ recording, stepsCount, firstDifference, source, reached, at });
    invocation.print(view, () => replayLines(view));
    if (isByHand(invocation, options, isAsked)) {
      const { stepByHand } = await import("../../replay/console.ts");
      if (!isAsked) session.goTo(firstDifference === undefined ? 0 : session.position);
      await stepByHand(session, invocation.terminal, invocation.self);
    }
    return view.equal && view.reached ? exitCode.ok : exitCode.failed;
  },
};

interface Ran {
  readonly firstDifference: ReplayedStep | undefined;
  readonly reached: boolean;
}

/** Runs to where it is to stop, but no further than the first difference: after it the mind is another one. */
function runTo(session: ReplaySession, { until, step }: ReplayOptions): Ran {
  if (step === -1) return { firstDifference: undefined, reached: true };
  const breakpoint: Breakpoint | undefined = step === undefined ? until : { type: "number", number: step };
  const beginMs = session.recording.steps[0]?.now.monoMs ?? 0;
  const isIt = breakpoint === undefined ? () => false : stopsAt(breakpoint, beginMs);
  const stopped = session.forwardTo((each) => !each.equal || isIt(each));
  const { last } = session;
  const firstDifference = stopped && last?.equal === false ? last : undefined;
  const reached = breakpoint === undefined || (stopped && last !== undefined && isIt(last));
  return { firstDifference, reached };
}

function whyOf(session: ReplaySession, { why }: ReplayOptions, { self }: Invocation): string | undefined {
  return why === undefined ? undefined : findResource(session.inspect(), why, self);
}

function isByHand(
  { terminal, json }: Invocation,
  { interactive, save }: ReplayOptions,
  isAsked: boolean,
): boolean {
  if (json || !terminal.canAsk) return false;
  return interactive ?? (!isAsked && save === undefined && terminal.columns !== undefined);
}
