import type { MindOptions, Output, ResourceType, Snapshot, StepResult } from "@antibody/core";
import type { Crypto } from "@antibody/policy";
import { messageOf } from "../state/stateError.ts";
import type { DrivenMind } from "./driver.ts";
import { replayCrypto, replayDigestKey } from "./keyedDigests.ts";
import { type RecordedStep, type Recording, sameRecorded } from "./recordingFormat.ts";

/** What a replay runs on. */
export interface ReplayOptions {
  readonly crypto: Crypto;
  readonly resourceTypes: readonly ResourceType[];
  /** Makes a mind from a dump: `Mind.restore`. */
  readonly restore: (options: MindOptions, dump: Snapshot) => Pick<DrivenMind, "step">;
}

/** One step, run again. */
export interface ReplayedStep {
  /** From 0. */
  readonly index: number;
  readonly recorded: RecordedStep;
  /** Undefined when the mind threw. */
  readonly outputs: readonly Output[] | undefined;
  /** What the mind threw. */
  readonly thrown?: string;
  /** Whether it answered as it did then. */
  readonly equal: boolean;
}

/** How a replay went. */
export interface Replay {
  /** Steps run: all of them, or up to the first that differs. */
  readonly stepCount: number;
  readonly firstDifference?: ReplayedStep;
}

/** Runs a recording through a fresh mind, until an answer differs from the recorded one. */
export function replay(recording: Recording, options: ReplayOptions): Replay {
  let stepCount = 0;
  for (const step of replaySteps(recording, options)) {
    stepCount += 1;
    if (!step.equal) return { stepCount, firstDifference: step };
  }
  return { stepCount };
}

/** Runs a recording step by step, for whoever wants to stop in between. Ends after a step in which the mind threw. */
export function* replaySteps(recording: Recording, options: ReplayOptions): Generator<ReplayedStep> {
  const { header, dump, digests } = recording;
  const { resourceKinds, ...recorded } = header.options;
  const mind = options.restore(
    {
      ...recorded,
      digestKey: replayDigestKey,
      crypto: replayCrypto(options.crypto, digests),
      resourceTypes: options.resourceTypes.filter(({ kind }) => resourceKinds.includes(kind)),
    },
    dump,
  );
  for (const [index, step] of recording.steps.entries()) {
    let result: StepResult;
    try {
      result = mind.step(step.input, step.now);
    } catch (error) {
      yield {
        index,
        recorded: step,
        outputs: undefined,
        thrown: messageOf(error),
        equal: step.outputs === undefined,
      };
      return;
    }
    const equal = step.outputs !== undefined && sameRecorded(step.outputs, result.outputs);
    yield { index, recorded: step, outputs: result.outputs, equal };
  }
}
