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
import { wireVersion } from "../limits.ts";
import { decodeVersioned } from "./cbor.ts";
import { readLook } from "./looks.ts";
import { type WireMessage, type WireRumor, wireItemsMax } from "./wire.ts";

/** What a kind and a field may be called; of fields that are not known so many are named. */
const namePattern = /^[a-zA-Z][a-zA-Z0-9]{0,31}$/;
const surplusMax = 4;
const digestBytes = 32;
const shortDigestBytes = 8;

type Shape<Value> = z.ZodMiniType<Value, unknown>;

/** One kind of message: how it is read, leaving out fields that are not known here, and those that are. */
interface Kind<Value> {
  readonly shape: Shape<Value>;
  readonly fields: ReadonlySet<string>;
}

type Kinds<Value extends { readonly type: string }> = {
  readonly [Type in Value["type"]]: Kind<Extract<Value, { readonly type: Type }>>;
};

function kind<Type extends string, Fields extends z.core.$ZodShape>(type: Type, fields: Fields) {
  return { shape: z.object({ type: z.literal(type), ...fields }), fields: new Set(Object.keys(fields)) };
}

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
  z.tuple([count, count, count], z.unknown()),
  z.transform(([serial, boot, n]): Incarnation => [serial, boot, n]),
);
const digests = z.object({ members: shortDigest, policy: shortDigest });

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
  z.tuple([id("author"), streamName, count, count, id("frag")], z.unknown()),
  z.transform(([author, stream, epoch, generation, manifest]) => ({
    author,
    stream,
    version: { epoch, generation },
    manifest,
  })),
);

const roleName = z.string().check(z.minLength(1), z.maxLength(roleNameCharactersMax));

const policyHeads = z.object({
  ids: idList("frag", policyIdsMax),
  streams: z.array(streamHead).check(z.maxLength(policyIdsMax)),
});

const summaryMember = z.pipe(
  z.tuple([id("agent"), count, count, count, z.boolean()], z.unknown()),
  z.transform(([agent, serial, boot, n, dead]) => {
    const known: Incarnation = [serial, boot, n];
    return { agent, incarnation: known, dead };
  }),
);

const votes = z.array(envelope).check(z.minLength(1), z.maxLength(deathVotesMax));

const memberShape: Shape<MemberWire> = z.object({
  chain: z.array(envelope).check(z.minLength(1), z.maxLength(chainLengthMax)),
  entry: envelope,
});

const evictionShape: Shape<EvictionWire> = z.object({
  chain: z.array(envelope).check(z.minLength(1), z.maxLength(chainLengthMax)),
  eviction: envelope,
});

const deathShape: Shape<DeathWire> = z.object({ subject: id("agent"), incarnation, votes });

/** Every message between peers. */
const messages: Kinds<WireMessage> = {
  probe: kind("probe", {
    sequence: count,
    digests,
    accusation: z.exactOptional(z.object({ incarnation })),
  }),
  ack: kind("ack", { sequence: count, digests, incarnation }),
  probeRequest: kind("probeRequest", { sequence: count, subject: id("agent") }),
  probeReport: kind("probeReport", {
    sequence: count,
    subject: id("agent"),
    answered: z.boolean(),
  }),
  votes: kind("votes", { votes }),
  leaseAsk: kind("leaseAsk", {
    role: roleName,
    group: shortDigest,
    epoch: count,
    round: count,
  }),
  leaseAnswer: kind("leaseAnswer", {
    role: roleName,
    epoch: count,
    round: count,
    granted: z.boolean(),
  }),
  leaseRelease: kind("leaseRelease", { role: roleName, epoch: count }),
  deaths: kind("deaths", {
    deaths: z.array(deathShape).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
  digest: kind("digest", {
    buckets: z.array(bucketDigest).check(z.maxLength(directoryBucketCount)),
    policy: policyHeads,
    evictions: z.exactOptional(evictionDigests),
  }),
  summary: kind("summary", {
    members: z.array(summaryMember).check(z.maxLength(summaryMembersMax)),
    buckets: z
      .array(count.check(z.maximum(directoryBucketCount - 1)))
      .check(z.maxLength(directoryBucketCount)),
    policy: policyHeads,
    evictions: z.exactOptional(evictionDigests),
  }),
  want: kind("want", {
    members: idList("agent", summaryMembersMax),
    policy: idList("frag", policyIdsMax),
    evictions: z.exactOptional(evictionDigests),
  }),
  items: kind("items", {
    members: z.array(memberShape).check(z.maxLength(wireItemsMax)),
    deaths: z.array(deathShape).check(z.maxLength(wireItemsMax)),
    policy: z.array(envelope).check(z.maxLength(wireItemsMax)),
    evictions: z.exactOptional(z.array(evictionShape).check(z.maxLength(wireItemsMax))),
  }),
};

/** Rumors; the nonce only makes a repeat another message, which gossip would otherwise swallow. */
const rumors: Kinds<WireRumor> = {
  members: kind("members", {
    nonce: bytes(shortDigestBytes, shortDigestBytes),
    members: z.array(memberShape).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
  deaths: kind("deaths", {
    nonce: bytes(shortDigestBytes, shortDigestBytes),
    deaths: z.array(deathShape).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
  sightings: kind("sightings", {
    nonce: bytes(shortDigestBytes, shortDigestBytes),
    sightings: z.array(envelope).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
  evictions: kind("evictions", {
    nonce: bytes(shortDigestBytes, shortDigestBytes),
    evictions: z.array(evictionShape).check(z.minLength(1), z.maxLength(wireItemsMax)),
  }),
};

/** What bytes say: a value, with the names of fields that are not known here; or a kind that is not known here. */
export type Read<Value> =
  | { readonly type: "known"; readonly value: Value; readonly surplus: readonly string[] }
  | { readonly type: "unknown"; readonly kind: string };

/** Reads a message, or undefined when it is none. Never throws; signatures are not looked at. */
export function decodeMessage(bytes: Uint8Array): Read<WireMessage> | undefined {
  const value = readLook(bytes);
  return value === undefined ? decodeMessageSlowly(bytes) : { type: "known", value, surplus: [] };
}

/** The same of every message, by the libraries. */
export function decodeMessageSlowly(bytes: Uint8Array): Read<WireMessage> | undefined {
  return decodeAs(messages, bytes);
}

/** Reads a rumor, or undefined when it is none. Never throws; signatures are not looked at. */
export function decodeRumor(bytes: Uint8Array): Read<WireRumor> | undefined {
  return decodeAs(rumors, bytes);
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

/** Reads what is of this version or a newer one: what a newer peer says besides is left to who knows it. */
function decodeAs<Value extends { readonly type: string }>(
  kinds: Kinds<Value>,
  bytes: Uint8Array,
): Read<Value> | undefined {
  const { version, fields: { type, ...fields } = {} } = decodeVersioned(bytes) ?? {};
  if (version === undefined || version < wireVersion) return undefined;
  if (typeof type !== "string" || !namePattern.test(type)) return undefined;
  if (version > wireVersion) return { type: "unknown", kind: `${type} of version ${version}` };
  const known = Object.hasOwn(kinds, type) ? kinds[type as Value["type"]] : undefined;
  if (known === undefined) return { type: "unknown", kind: type };
  const read = known.shape.safeParse({ type, ...fields });
  if (!read.success) return undefined;
  const surplus = Object.keys(fields).filter((name) => !known.fields.has(name) && namePattern.test(name));
  return { type: "known", value: read.data as Value, surplus: surplus.slice(0, surplusMax) };
}
