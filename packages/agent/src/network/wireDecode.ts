import {
  chainLengthMax,
  type DeathWire,
  deathVotesMax,
  directoryBucketCount,
  type EvictionWire,
  evictionsMax,
  type Incarnation,
  type MemberWire,
  policyIdsMax,
  roleNameCharactersMax,
  type StreamHead,
  summaryMembersMax,
} from "@antibody/core";
import { type IdKind, type IdOf, makeId, parseStreamName, type StreamName, toHex } from "@antibody/policy";
import * as z from "zod/mini";
import { decodeMap } from "./cbor.ts";
import { type WireMessage, type WireRumor, wireItemsMax } from "./wire.ts";

const digestBytes = 32;
const shortDigestBytes = 8;

type Shape<Value> = z.ZodMiniType<Value, unknown>;

/** Bytes of one length, or of one to so many. */
function bytes(min: number, max: number): Shape<Uint8Array> {
  return z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length >= min && value.length <= max,
  );
}

const count = z.int().check(z.minimum(0));
const envelope = bytes(1, 65_536);

function id<Kind extends IdKind>(kind: Kind): Shape<IdOf<Kind>> {
  return z.pipe(
    bytes(digestBytes, digestBytes),
    z.transform((digest) => makeId(kind, digest)),
  );
}

/** Ids, one after the other in one byte string: a store's 16,384 are read as one item. */
function idList<Kind extends IdKind>(kind: Kind, idsMax: number): Shape<readonly IdOf<Kind>[]> {
  return z.pipe(
    z.custom<Uint8Array>(
      (value) =>
        value instanceof Uint8Array &&
        value.length % digestBytes === 0 &&
        value.length <= idsMax * digestBytes,
    ),
    z.transform((digests) =>
      Array.from({ length: digests.length / digestBytes }, (_, index) =>
        makeId(kind, digests.subarray(index * digestBytes, (index + 1) * digestBytes)),
      ),
    ),
  );
}

const shortDigest: Shape<string> = z.pipe(bytes(shortDigestBytes, shortDigestBytes), z.transform(toHex));
/** Digests of evictions, one after the other in one byte string. */
const evictionDigests: Shape<readonly string[]> = z.pipe(
  z.custom<Uint8Array>(
    (value) =>
      value instanceof Uint8Array &&
      value.length % shortDigestBytes === 0 &&
      value.length <= evictionsMax * shortDigestBytes,
  ),
  z.transform((digests) =>
    Array.from({ length: digests.length / shortDigestBytes }, (_, index) =>
      toHex(digests.subarray(index * shortDigestBytes, (index + 1) * shortDigestBytes)),
    ),
  ),
);
const bucketDigest: Shape<string> = z.pipe(bytes(0, shortDigestBytes), z.transform(toHex));
const incarnation: Shape<Incarnation> = z.pipe(
  z.tuple([count, count, count]),
  z.transform(([serial, boot, n]): Incarnation => [serial, boot, n]),
);
const digests = z.strictObject({ members: shortDigest, policy: shortDigest });

const streamName: Shape<StreamName> = z.pipe(
  z.string(),
  z.transform((text, context) => {
    const name = parseStreamName(text);
    if (name !== undefined) return name;
    context.issues.push({ code: "custom", message: "not a stream", input: text });
    return z.NEVER;
  }),
);

const streamHead: Shape<StreamHead> = z.pipe(
  z.tuple([id("author"), streamName, count, count, id("frag")]),
  z.transform(([author, stream, epoch, generation, manifest]) => ({
    author,
    stream,
    version: { epoch, generation },
    manifest,
  })),
);

const roleName = z.string().check(z.minLength(1), z.maxLength(roleNameCharactersMax));

const policyHeads = z.strictObject({
  ids: idList("frag", policyIdsMax),
  streams: z.array(streamHead).check(z.maxLength(policyIdsMax)),
});

const summaryMember = z.pipe(
  z.tuple([id("agent"), count, count, count, z.boolean()]),
  z.transform(([agent, serial, boot, n, dead]) => {
    const known: Incarnation = [serial, boot, n];
    return { agent, incarnation: known, dead };
  }),
);

const votes = z.array(envelope).check(z.minLength(1), z.maxLength(deathVotesMax));

const memberShape: Shape<MemberWire> = z.strictObject({
  chain: z.array(envelope).check(z.minLength(1), z.maxLength(chainLengthMax)),
  entry: envelope,
});

const evictionShape: Shape<EvictionWire> = z.strictObject({
  chain: z.array(envelope).check(z.minLength(1), z.maxLength(chainLengthMax)),
  eviction: envelope,
});

const deathShape: Shape<DeathWire> = z.strictObject({ subject: id("agent"), incarnation, votes });

/** Every message between peers, strictly: a field too many is a message of another protocol. */
const messageShape: Shape<WireMessage> = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("probe"),
    sequence: count,
    digests,
    accusation: z.exactOptional(z.strictObject({ incarnation })),
  }),
  z.strictObject({ type: z.literal("ack"), sequence: count, digests, incarnation }),
  z.strictObject({ type: z.literal("probeRequest"), sequence: count, subject: id("agent") }),
  z.strictObject({
    type: z.literal("probeReport"),
    sequence: count,
    subject: id("agent"),
    answered: z.boolean(),
  }),
  z.strictObject({ type: z.literal("votes"), votes }),
  z.strictObject({
    type: z.literal("leaseAsk"),
    role: roleName,
    group: shortDigest,
    epoch: count,
    round: count,
  }),
  z.strictObject({
    type: z.literal("leaseAnswer"),
    role: roleName,
    epoch: count,
    round: count,
    granted: z.boolean(),
  }),
  z.strictObject({ type: z.literal("leaseRelease"), role: roleName, epoch: count }),
  z.strictObject({
    type: z.literal("deaths"),
    deaths: z.array(deathShape).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
  z.strictObject({
    type: z.literal("digest"),
    buckets: z.array(bucketDigest).check(z.maxLength(directoryBucketCount)),
    policy: policyHeads,
    evictions: z.exactOptional(evictionDigests),
  }),
  z.strictObject({
    type: z.literal("summary"),
    members: z.array(summaryMember).check(z.maxLength(summaryMembersMax)),
    buckets: z
      .array(count.check(z.maximum(directoryBucketCount - 1)))
      .check(z.maxLength(directoryBucketCount)),
    policy: policyHeads,
    evictions: z.exactOptional(evictionDigests),
  }),
  z.strictObject({
    type: z.literal("want"),
    members: idList("agent", summaryMembersMax),
    policy: idList("frag", policyIdsMax),
    evictions: z.exactOptional(evictionDigests),
  }),
  z.strictObject({
    type: z.literal("items"),
    members: z.array(memberShape).check(z.maxLength(wireItemsMax)),
    deaths: z.array(deathShape).check(z.maxLength(wireItemsMax)),
    policy: z.array(envelope).check(z.maxLength(wireItemsMax)),
    evictions: z.exactOptional(z.array(evictionShape).check(z.maxLength(wireItemsMax))),
  }),
]);

/** Rumors; the nonce only makes a repeat another message, which gossip would otherwise swallow. */
const rumorShape: Shape<WireRumor> = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("members"),
    nonce: bytes(shortDigestBytes, shortDigestBytes),
    members: z.array(memberShape).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
  z.strictObject({
    type: z.literal("deaths"),
    nonce: bytes(shortDigestBytes, shortDigestBytes),
    deaths: z.array(deathShape).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
  z.strictObject({
    type: z.literal("sightings"),
    nonce: bytes(shortDigestBytes, shortDigestBytes),
    sightings: z.array(envelope).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
  z.strictObject({
    type: z.literal("evictions"),
    nonce: bytes(shortDigestBytes, shortDigestBytes),
    evictions: z.array(evictionShape).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
]);

/** Reads a message, or undefined when it is none. Never throws; signatures are not looked at. */
export function decodeMessage(bytes: Uint8Array): WireMessage | undefined {
  return decodeAs(messageShape, bytes);
}

/** Reads a rumor, or undefined when it is none. Never throws; signatures are not looked at. */
export function decodeRumor(bytes: Uint8Array): WireRumor | undefined {
  return decodeAs(rumorShape, bytes);
}

/** Reads a member that travels in another message. */
export function readMember(value: unknown): MemberWire | undefined {
  const read = memberShape.safeParse(value);
  return read.success ? read.data : undefined;
}

/** Reads an eviction that travels in another message. */
export function readEviction(value: unknown): EvictionWire | undefined {
  const read = evictionShape.safeParse(value);
  return read.success ? read.data : undefined;
}

function decodeAs<Value>(shape: Shape<Value>, bytes: Uint8Array): Value | undefined {
  const fields = decodeMap(bytes);
  if (fields === undefined) return undefined;
  const read = shape.safeParse(fields);
  return read.success ? read.data : undefined;
}
