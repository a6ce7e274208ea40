import type { PeerMessage } from "@antibody/core";
import { encodeMap } from "./cbor.ts";

/**
 * Probes and acks in the one encoding that agents write, byte for byte what the libraries make of them (a law of the
 * tests). An agent at rest says and hears little else: by the libraries that was a sixth of what it does, cold as they
 * are by the next look. Whatever differs goes the long way, which judges it.
 */
type Look = Extract<PeerMessage, { readonly type: "probe" | "ack" }>;

const digestBytes = 8;
const hexDigest = /^[0-9a-f]{16}$/;
/** What is told in four bytes at most; larger counts go the long way. */
const countMax = 0xffff_ffff;
const countBytesMax = 5;

/** What stands between the values: before the digest of policy, that of members, the sequence, and the incarnation. */
interface Frame {
  readonly head: Buffer;
  readonly middle: Buffer;
  readonly tail: Buffer;
  readonly end: Buffer;
}

/** Taken from what the library makes of values that are told in one byte each. */
function frameOf(type: Look["type"]): Frame {
  const [policy, members] = [Buffer.alloc(digestBytes, 0xa1), Buffer.alloc(digestBytes, 0xb2)];
  const fields = { type, sequence: 0, digests: { members, policy } };
  const bytes = Buffer.from(encodeMap(fields));
  const head = bytes.subarray(0, bytes.indexOf(policy));
  const middle = bytes.subarray(head.length + digestBytes, bytes.indexOf(members));
  const afterMembers = bytes.indexOf(members) + digestBytes;
  const tail = bytes.subarray(afterMembers, -1);
  if (type === "probe") return { head, middle, tail, end: Buffer.alloc(0) };
  const whole = Buffer.from(encodeMap({ ...fields, incarnation: [0, 0, 0] }));
  // The head says how many fields there are.
  return {
    ...{ head: whole.subarray(0, head.length), middle, tail },
    end: whole.subarray(bytes.length, -3),
  };
}

const frames = { probe: frameOf("probe"), ack: frameOf("ack") };

/** The bytes of a look, or undefined for one that is told the long way. */
export function encodeLook(message: Look): Uint8Array | undefined {
  if (message.type === "probe" && message.accusation !== undefined) return undefined;
  const { head, middle, tail, end } = frames[message.type];
  const { policy, members } = message.digests;
  if (!hexDigest.test(policy) || !hexDigest.test(members)) return undefined;
  const counts = [message.sequence, ...(message.type === "ack" ? message.incarnation : [])];
  const room = head.length + middle.length + tail.length + end.length + 2 * digestBytes;
  const bytes = Buffer.alloc(room + counts.length * countBytesMax);
  let at = head.copy(bytes);
  at += bytes.write(policy, at, "hex");
  at += middle.copy(bytes, at);
  at += bytes.write(members, at, "hex");
  at += tail.copy(bytes, at);
  for (const [index, count] of counts.entries()) {
    if (index === 1) at += end.copy(bytes, at);
    if (!Number.isSafeInteger(count) || count < 0 || count > countMax) return undefined;
    at = writeCount(bytes, at, count);
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, at);
}

/** The look that bytes are, or undefined where they are none in this encoding. Never throws. */
export function readLook(bytes: Uint8Array): Look | undefined {
  return readAs("probe", bytes) ?? readAs("ack", bytes);
}

function readAs(type: Look["type"], bytes: Uint8Array): Look | undefined {
  const { head, middle, tail, end } = frames[type];
  const policyAt = head.length;
  const membersAt = policyAt + digestBytes + middle.length;
  const tailAt = membersAt + digestBytes;
  if (!has(bytes, 0, head) || !has(bytes, policyAt + digestBytes, middle) || !has(bytes, tailAt, tail))
    return undefined;
  const reader = { bytes, at: tailAt + tail.length };
  const sequence = readCount(reader);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, tailAt);
  const digests = {
    members: text.toString("hex", membersAt, tailAt),
    policy: text.toString("hex", policyAt, policyAt + digestBytes),
  };
  if (sequence === undefined) return undefined;
  if (type === "probe") return reader.at === bytes.length ? { type, sequence, digests } : undefined;
  if (!has(bytes, reader.at, end)) return undefined;
  reader.at += end.length;
  const [serial, boot, n] = [readCount(reader), readCount(reader), readCount(reader)];
  if (serial === undefined || boot === undefined || n === undefined) return undefined;
  return reader.at === bytes.length ? { type, sequence, digests, incarnation: [serial, boot, n] } : undefined;
}

function has(bytes: Uint8Array, at: number, part: Buffer): boolean {
  return bytes.length >= at + part.length && part.compare(bytes, at, at + part.length) === 0;
}

/** A count in CBOR, as short as it can be told (RFC 8949, 4.2.1). Gives the place behind it. */
function writeCount(bytes: Buffer, at: number, count: number): number {
  if (count < 24) return bytes.writeUInt8(count, at);
  if (count <= 0xff) return bytes.writeUInt8(count, bytes.writeUInt8(24, at));
  if (count <= 0xffff) return bytes.writeUInt16BE(count, bytes.writeUInt8(25, at));
  return bytes.writeUInt32BE(count, bytes.writeUInt8(26, at));
}

/** The count at a place, which moves behind it; undefined for what is none, or is told longer than it need be. */
function readCount(reader: { readonly bytes: Uint8Array; at: number }): number | undefined {
  const { bytes, at } = reader;
  const first = bytes[at];
  if (first === undefined || first > 26) return undefined;
  const size = first < 24 ? 0 : 2 ** (first - 24);
  if (bytes.length < at + 1 + size) return undefined;
  reader.at = at + 1 + size;
  if (size === 0) return first;
  let count = 0;
  for (let index = at + 1; index < reader.at; index += 1) count = count * 256 + (bytes[index] ?? 0);
  const countMin = size === 1 ? 24 : 2 ** (4 * size);
  return count < countMin ? undefined : count;
}
