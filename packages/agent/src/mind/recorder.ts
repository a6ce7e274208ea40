import type { Input, Now, Output, PeerMessage, Snapshot } from "@antibody/core";
import type { KeyedDigests } from "./keyedDigests.ts";
import { encodeFrame, type RecordedStep, type RecordingHeader } from "./recordingFormat.ts";
import type { Redaction } from "./redaction.ts";
import { MemorySegments, type Segments } from "./segments.ts";

/** Bytes of a recording: two segments of half of it. Guess: the last hours of a quiet agent, minutes of a busy one. */
export const recordingBytesMaxDefault = 8_388_608;
/** Steps that wait to be written. They wait for the first turn of the event loop in which no step is taken. */
const pendingStepsMax = 2_048;

/**
 * How long what came of policy may wait: all agents of a swarm are at it together, and those of one host want its
 * processors. A recording of a killed process lacks at most so much. Guess: several times what a bundle takes to spread.
 */
const afterPolicyMs = 250;

/**
 * Looks at peers and their answers wait for company, so many at most: written one by one they were a tenth of what an
 * agent at rest does. Of a killed process the last of them are lost, some ten seconds of them, and nothing else. A guess.
 */
const smallTalkMax = 32;

/** What a recorder needs. */
export interface RecorderOptions {
  /** The head of a segment that begins now. */
  readonly header: () => RecordingHeader;
  /** The mind as it is now. Encoded at once: a dump may share state with the living mind. */
  readonly dump: () => Snapshot;
  readonly digests: KeyedDigests;
  /** Takes out what promises mark as private. */
  readonly redaction: Redaction;
  readonly segments: Segments;
  /** Dumps are not counted where they alone are larger than a segment. */
  readonly bytesMax: number;
  /** Told once, when the segments could not be written; the recording then goes on in memory. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * The flight recorder: a dump of the mind, then every input with its time and what came of it. When a segment is
 * full, a new one begins with a new dump, and the older of the two goes. Steps are encoded after they were acted
 * on, so that a repair does not wait for its recording.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  #segments: Segments;
  #pending: RecordedStep[] = [];
  #flush: NodeJS.Immediate | undefined;
  /** Waits until policy has spread; all steps wait with it. */
  #later: NodeJS.Timeout | undefined;
  /** Bytes that the present segment still takes. */
  #roomBytes = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#segments = options.segments;
    this.#begin();
  }

  /** Remembers a step. `outputs` is undefined when the mind threw. */
  record(input: Input, now: Now, outputs: readonly Output[] | undefined): void {
    this.#pending.push({ input, now, outputs });
    if (this.#pending.length >= pendingStepsMax) this.#write();
    else if (this.#later !== undefined) return;
    else if (bringsPolicy(input)) {
      this.#forgetTimers();
      this.#later = setTimeout(() => this.#write(), afterPolicyMs).unref();
    } else if (this.#pending.length < smallTalkMax && isSmallTalk(input, outputs)) return;
    else this.#flush ??= setImmediate(() => this.#writeWhenQuiet(0));
  }

  /** Writes what waits. Before somebody is told what came of it: what was seen outlives the process. */
  flush(): void {
    this.#write();
  }

  /** The recording so far. */
  bytes(): Uint8Array {
    this.#write();
    return this.#segments.read();
  }

  /** Ends the recording and forgets it. */
  close(): void {
    this.#forgetTimers();
    this.#segments.close();
  }

  /** A sweep, or a thousand repairs, goes on before it is recorded. */
  #writeWhenQuiet(before: number): void {
    const { length } = this.#pending;
    if (length === before) this.#write();
    else this.#flush = setImmediate(() => this.#writeWhenQuiet(length));
  }

  /** What waits is not written by itself any more. */
  #forgetTimers(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    clearTimeout(this.#later);
    this.#later = undefined;
  }

  #write(): void {
    this.#forgetTimers();
    const steps = this.#pending;
    if (steps.length === 0) return;
    this.#pending = [];
    const { digests, redaction } = this.#options;
    for (const { input } of steps) if (input.type === "policy") redaction.learn(input);
    const pairs = digests.takeFresh((content) => redaction.redactBytes(content));
    const frames = steps.map((step) => encodeFrame({ type: "step", ...redaction.redact(step) }));
    if (pairs.length > 0) frames.unshift(encodeFrame({ type: "digests", pairs }));
    this.#append(Buffer.concat(frames));
    if (this.#roomBytes > 0) return;
    this.#onSegments((segments) => segments.rotate());
    this.#begin();
  }

  /** Begins a segment: a header, the mind as it is, and every digest that it may ask for again. */
  #begin(): void {
    const { header, dump, digests, redaction, bytesMax } = this.#options;
    const mind = dump();
    redaction.learn(mind);
    const head = Buffer.concat([
      encodeFrame({ type: "header", header: header() }),
      encodeFrame({ type: "dump", dump: redaction.redact(mind) }),
      encodeFrame({ type: "digests", pairs: digests.all((content) => redaction.redactBytes(content)) }),
    ]);
    // A dump that fills the segment alone must not lead to the next one after a single step.
    this.#roomBytes = Math.max(bytesMax / 2, head.length + bytesMax / 4);
    this.#append(head);
  }

  #append(bytes: Uint8Array): void {
    this.#roomBytes -= bytes.length;
    this.#onSegments((segments) => segments.append(bytes));
  }

  /** A recording never brings the agent down: where its files fail it begins again in memory. */
  #onSegments(use: (segments: Segments) => void): void {
    try {
      use(this.#segments);
    } catch (error) {
      if (this.#segments instanceof MemorySegments) throw error;
      this.#segments = new MemorySegments();
      this.#options.onFailure(error);
      this.#begin();
    }
  }
}

/** Two that find each other in order, or a wake that finds nothing to do. */
function isSmallTalk(input: Input, outputs: readonly Output[] | undefined): boolean {
  const isTalk = input.type === "wake" || (input.type === "message" && isLook(input.message));
  return isTalk && outputs?.every((output) => output.type === "send" && isLook(output.message)) === true;
}

function isLook({ type }: PeerMessage): boolean {
  return type === "probe" || type === "ack";
}

function bringsPolicy(input: Input): boolean {
  if (input.type === "policy") return true;
  return input.type === "message" && input.message.type === "items" && input.message.policy.length > 0;
}
