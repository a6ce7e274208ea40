import type {
  Input,
  Now,
  Output,
  RandomState,
  Settings,
  Snapshot,
  VerifiedCertificate,
} from "@antibody/core";
import { type AgentId, type Contexts, isPlainObject, type SwarmId } from "@antibody/policy";
import { decode, encode } from "cborg";
import { frameText, readFrameText } from "./frameText.ts";

/** Version of the format of recordings. */
const recordingVersion = 1;
/** Bytes of one frame: the dump of a mind that knows `membersMax` members, with room. A guess. */
const frameBytesMax = 268_435_456;
const lengthBytes = 4;
/** The brace that begins an object of JSON. */
const objectBegins = 0x7b;

/** What a mind was born with, as far as a replay needs it and a recording may tell it. */
export interface RecordedOptions {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
  readonly certificate: VerifiedCertificate;
  readonly build: string;
  readonly contexts: Contexts;
  readonly random: RandomState;
  readonly settings: Settings;
  readonly protectedResources: readonly string[];
  /** Kinds of the resource types, for whoever replays it with another build. */
  readonly resourceKinds: readonly string[];
}

/** The head of a recording. */
export interface RecordingHeader {
  readonly v: typeof recordingVersion;
  readonly build: string;
  /** Wall time of the dump that follows. */
  readonly wallMs: number;
  readonly options: RecordedOptions;
}

/** A keyed digest that the mind computed, by the plain SHA-256 of what it digested; both 32 bytes in hex. */
export type DigestPair = readonly [plain: string, keyed: string];

/** One step of a mind: what it was given, and what it answered; no outputs where it threw. */
export interface RecordedStep {
  readonly now: Now;
  readonly input: Input;
  readonly outputs: readonly Output[] | undefined;
}

/** A recording, read: a mind as it was, and everything that it was given since. */
export interface Recording {
  readonly header: RecordingHeader;
  readonly dump: Snapshot;
  readonly digests: readonly DigestPair[];
  readonly steps: readonly RecordedStep[];
  /** True when the last frame is incomplete: the process was killed while it wrote. */
  readonly cut: boolean;
}

/** A piece of a recording. A segment is a header, a dump, then digests and steps in any number. */
export type Frame =
  | { readonly type: "header"; readonly header: RecordingHeader }
  | { readonly type: "dump"; readonly dump: Snapshot }
  | { readonly type: "digests"; readonly pairs: readonly DigestPair[] }
  | {
      readonly type: "step";
      readonly now: Now;
      readonly input: Input;
      readonly outputs?: readonly Output[] | undefined;
    };

/** A header for a recording of this version. */
export function recordingHeader(build: string, wallMs: number, options: RecordedOptions): RecordingHeader {
  return { v: recordingVersion, build, wallMs, options };
}

/**
 * A frame as bytes: its length, then text; a header is CBOR. Steps are recorded all day long, and seldom, where the
 * engine's own JSON costs a fifth of CBOR in code that is never hot (measured in an agent at rest); of the dump of a
 * device with 1,000 files, 4 MB, it costs two thirds (sampled in an agent that sweeps).
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const body =
    frame.type === "header"
      ? encode(frame, { ignoreUndefinedProperties: true })
      : Buffer.from(frameText(frame));
  const bytes = Buffer.allocUnsafe(lengthBytes + body.length);
  bytes.writeUInt32BE(body.length);
  bytes.set(body, lengthBytes);
  return bytes;
}

/** Whether two values would be recorded as the same bytes, whatever the order of their fields. */
export function sameRecorded(left: unknown, right: unknown): boolean {
  const options = { ignoreUndefinedProperties: true };
  return Buffer.compare(encode(left, options), encode(right, options)) === 0;
}

/**
 * Reads a recording: from its first dump on. A second segment continues the first, so its own head and dump are
 * passed over. Throws an Error that says what is wrong with the bytes.
 */
export function readRecording(bytes: Uint8Array): Recording {
  const { frames, cut } = readFrames(bytes);
  const header = frames.find((frame) => frame.type === "header")?.header;
  const dump = frames.find((frame) => frame.type === "dump");
  if (header === undefined || dump === undefined)
    throw new Error("a recording begins with a header and a dump");
  if (!isPlainObject(header) || header.v !== recordingVersion) {
    const version = isPlainObject(header) ? String(header.v) : "unknown";
    throw new Error(`a recording of version ${version}; this build reads version ${recordingVersion}`);
  }
  return {
    header,
    dump: dump.dump,
    digests: frames.flatMap((frame) => (frame.type === "digests" ? frame.pairs : [])),
    steps: frames.flatMap((frame) =>
      frame.type === "step" ? [{ now: frame.now, input: frame.input, outputs: frame.outputs }] : [],
    ),
    cut,
  };
}

function readFrames(bytes: Uint8Array): { readonly frames: readonly Frame[]; readonly cut: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Frame[] = [];
  let offset = 0;
  while (offset + lengthBytes <= bytes.length) {
    const length = view.getUint32(offset);
    if (length > frameBytesMax) throw new Error(`a frame of ${length} bytes at ${offset}: not a recording`);
    const end = offset + lengthBytes + length;
    if (end > bytes.length) return { frames, cut: true };
    frames.push(decodeFrame(bytes.subarray(offset + lengthBytes, end), offset));
    offset = end;
  }
  return { frames, cut: offset < bytes.length };
}

/** Brands come back by this cast: the recording is the agent's own word, from a file that only it may write. */
function decodeFrame(bytes: Uint8Array, offset: number): Frame {
  try {
    // No map of CBOR begins as an object of JSON does.
    const frame: unknown = bytes[0] === objectBegins ? readFrameText(bytes) : decode(bytes);
    if (!isPlainObject(frame)) throw new Error("it is no frame");
    return frame as unknown as Frame;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`the frame at ${offset} is damaged: ${message}`, { cause: error });
  }
}
