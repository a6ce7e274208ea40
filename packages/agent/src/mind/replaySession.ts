import type {
  Inspection,
  MindOptions,
  Now,
  Output,
  ResourceType,
  Snapshot,
  StepResult,
} from "@antibody/core";
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
  readonly restore: (options: MindOptions, dump: Snapshot) => DrivenMind;
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

/** Dumps kept to go back to, at most. Guess: a hundred megabytes of the largest minds, far less of usual ones. */
const restsMax = 32;
/** Steps between two dumps, at least. Guess: so many run again before anybody notices. */
const restEveryMin = 256;

/**
 * A recorded mind, stepped forward and back. Position n is the mind after n steps. To go back, a mind begins again
 * from the last dump before, and steps forward: a mind has no way back. Every step is compared with the recorded one.
 */
export class ReplaySession {
  readonly recording: Recording;
  readonly #options: ReplayOptions;
  readonly #rests = new Map<number, Snapshot>();
  readonly #restEvery: number;
  #mind: DrivenMind;
  #position = 0;
  #last: ReplayedStep | undefined;
  /** The mind threw: there is nothing after it. */
  #end: number;

  constructor(recording: Recording, options: ReplayOptions) {
    this.recording = recording;
    this.#options = options;
    this.#restEvery = Math.max(restEveryMin, Math.ceil(recording.steps.length / restsMax));
    this.#end = recording.steps.length;
    this.#rests.set(0, recording.dump);
    this.#mind = this.#restore(recording.dump);
  }

  /** Steps taken. */
  get position(): number {
    return this.#position;
  }

  /** Steps there are; fewer than recorded once the mind has thrown. */
  get length(): number {
    return this.#end;
  }

  /** The step that led here; undefined at the beginning. */
  get last(): ReplayedStep | undefined {
    return this.#last;
  }

  /** Takes one step; undefined at the end. */
  forward(): ReplayedStep | undefined {
    const recorded = this.recording.steps[this.#position];
    if (recorded === undefined || this.#position >= this.#end) return undefined;
    const index = this.#position;
    this.#position += 1;
    let result: StepResult;
    try {
      result = this.#mind.step(recorded.input, recorded.now);
    } catch (error) {
      this.#end = this.#position;
      const equal = recorded.outputs === undefined;
      this.#last = { index, recorded, outputs: undefined, thrown: messageOf(error), equal };
      return this.#last;
    }
    const equal = recorded.outputs !== undefined && sameRecorded(recorded.outputs, result.outputs);
    this.#last = { index, recorded, outputs: result.outputs, equal };
    if (this.#position % this.#restEvery === 0 && !this.#rests.has(this.#position))
      this.#rests.set(this.#position, structuredClone(this.#mind.dump()));
    return this.#last;
  }

  /** Goes to a position, forward or back; to the nearest that there is. */
  goTo(position: number): void {
    const aim = Math.max(0, Math.min(position, this.#end));
    if (aim < this.#position) this.#rewind(aim);
    while (this.#position < aim && this.forward() !== undefined);
  }

  /** Goes forward to the end of the first step that is looked for; false, and at the end, where there is none. */
  forwardTo(isIt: (step: ReplayedStep) => boolean): boolean {
    for (let step = this.forward(); step !== undefined; step = this.forward()) if (isIt(step)) return true;
    return false;
  }

  /** Goes back to the end of the last step before this one that is looked for; false, and nowhere, where there is none. */
  backTo(isIt: (step: ReplayedStep) => boolean): boolean {
    const from = this.#position;
    let found: number | undefined;
    this.goTo(0);
    while (this.#position < from - 1) {
      const step = this.forward();
      if (step === undefined) break;
      if (isIt(step)) found = this.#position;
    }
    this.goTo(found ?? from);
    return found !== undefined;
  }

  /** The mind here. */
  inspect(): Inspection {
    return this.#mind.inspect(this.now);
  }

  /** When this is: of the last step, or of the first one at the beginning. */
  get now(): Now {
    const { steps, header } = this.recording;
    const step = steps[Math.max(0, this.#position - 1)];
    return step?.now ?? { monoMs: 0, wallMs: header.wallMs };
  }

  #rewind(position: number): void {
    let from = 0;
    for (const rest of this.#rests.keys()) if (rest <= position && rest > from) from = rest;
    this.#mind = this.#restore(this.#rests.get(from) ?? this.recording.dump);
    this.#position = from;
    this.#last = undefined;
    // The step that led there is part of the position: one more before it.
    if (from > 0 && from === position) this.#rewind(position - 1);
  }

  #restore(dump: Snapshot): DrivenMind {
    const { header, digests } = this.recording;
    const { resourceKinds, ...recorded } = header.options;
    const { crypto, resourceTypes, restore } = this.#options;
    return restore(
      {
        ...recorded,
        digestKey: replayDigestKey,
        crypto: replayCrypto(crypto, digests),
        resourceTypes: resourceTypes.filter(({ kind }) => resourceKinds.includes(kind)),
      },
      // A mind may share what it is made from.
      structuredClone(dump),
    );
  }
}
