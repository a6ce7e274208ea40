import {
  type DeathCertificate,
  type DeathWire,
  type EvictionWire,
  type HealthRumor,
  itemsMembersMax,
  type MemberWire,
  memberWire,
  messageBytesMax,
  type PeerMessage,
  type PolicyHeads,
  type VerifiedEviction,
} from "@antibody/core";
import { concatBytes, fromHex, idDigest, type VerifiedPolicy } from "@antibody/policy";
import { encodeMap } from "./cbor.ts";
import { encodeLook } from "./looks.ts";

/** A message whose shape was checked, and no signature yet. */
export type WireMessage =
  | Exclude<PeerMessage, { readonly type: "votes" | "deaths" | "items" }>
  | { readonly type: "votes"; readonly votes: readonly Uint8Array[] }
  | { readonly type: "deaths"; readonly deaths: readonly DeathWire[] }
  | {
      readonly type: "items";
      readonly members: readonly MemberWire[];
      readonly deaths: readonly DeathWire[];
      readonly policy: readonly Uint8Array[];
      readonly evictions?: readonly EvictionWire[];
    };

/** A rumor whose shape was checked, and no signature yet. */
export type WireRumor =
  | { readonly type: "members"; readonly nonce: Uint8Array; readonly members: readonly MemberWire[] }
  | { readonly type: "deaths"; readonly nonce: Uint8Array; readonly deaths: readonly DeathWire[] }
  | { readonly type: "sightings"; readonly nonce: Uint8Array; readonly sightings: readonly Uint8Array[] }
  | { readonly type: "evictions"; readonly nonce: Uint8Array; readonly evictions: readonly EvictionWire[] };

/** Deaths, and documents of policy, in one message; its bytes end it sooner. */
export const wireItemsMax = 1_024;
/** Room in a message for its frame: the map, its field names, and their lengths. */
const messageOverheadBytes = 256;
/** What CBOR adds to one item: heads of its fields and their names. */
const itemOverheadBytes = 64;

/** A message as bytes. Items that do not fit one message of `messageBytesMax` become several, in their order. */
export function encodeMessage(message: PeerMessage): readonly Uint8Array[] {
  const look = message.type === "probe" || message.type === "ack" ? encodeLook(message) : undefined;
  if (look !== undefined) return [look];
  if (message.type !== "items") return [encodeWire(wireOf(message))];
  const { members, deaths, policy, evictions = [] } = message;
  const items = splitItems(members.map(memberWire), deaths.map(deathWire), policy);
  // The mind sends them apart from all else, in pieces that fit.
  const first = {
    type: "items",
    members: [],
    deaths: [],
    policy: [],
    evictions: evictions.map(evictionWire),
  } as const;
  return (evictions.length === 0 ? items : [first, ...items]).map(encodeWire);
}

/** A rumor as bytes; `nonce` (8 bytes) makes a repeat another message. */
export function encodeRumor(rumor: HealthRumor, nonce: Uint8Array): Uint8Array {
  switch (rumor.type) {
    case "members":
      return encodeMap({ type: rumor.type, nonce, members: rumor.members.map(memberWire) });
    case "deaths":
      return encodeMap({ type: rumor.type, nonce, deaths: rumor.deaths.map(deathWire).map(deathFields) });
    case "sightings":
      return encodeMap({ type: rumor.type, nonce, sightings: rumor.sightings.map(({ bytes }) => bytes) });
    case "evictions":
      return encodeMap({ type: rumor.type, nonce, evictions: rumor.evictions.map(evictionWire) });
    default:
      throw new Error(`unknown rumor ${rumor satisfies never}`);
  }
}

/** An eviction as its exact bytes. */
export function evictionWire({ chain, bytes }: VerifiedEviction): EvictionWire {
  return { chain, eviction: bytes };
}

function deathWire(death: DeathCertificate): DeathWire {
  const { subject, incarnation } = death;
  return { subject, incarnation, votes: death.votes.map((vote) => vote.bytes) };
}

function wireOf(message: Exclude<PeerMessage, { readonly type: "items" }>): WireMessage {
  if (message.type === "deaths") return { type: "deaths", deaths: message.deaths.map(deathWire) };
  if (message.type !== "votes") return message;
  return { type: "votes", votes: message.votes.map((vote) => vote.bytes) };
}

/** A message as bytes, the other way of `decodeMessage`. Throws on ids or digests that are none. */
export function encodeWire(message: WireMessage): Uint8Array {
  const { type } = message;
  switch (type) {
    case "probe":
    case "ack":
      return encodeMap({ ...message, digests: digestFields(message.digests) });
    case "probeRequest":
    case "probeReport":
      return encodeMap({ ...message, subject: digestOf(message.subject) });
    case "votes":
      return encodeMap({ type, votes: message.votes });
    case "leaseAsk":
      return encodeMap({ ...message, group: hexBytes(message.group) });
    case "leaseAnswer":
    case "leaseRelease":
      return encodeMap(message);
    case "deaths":
      return encodeMap({ type, deaths: message.deaths.map(deathFields) });
    case "digest":
      return encodeMap({
        type,
        buckets: message.buckets.map(hexBytes),
        policy: headsFields(message.policy),
        ...evictionFields(message),
      });
    case "summary":
      return encodeMap({
        type,
        members: message.members.map(({ agent, incarnation, dead }) => [
          digestOf(agent),
          ...incarnation,
          dead,
        ]),
        buckets: message.buckets,
        policy: headsFields(message.policy),
        ...evictionFields(message),
      });
    case "want":
      return encodeMap({
        type,
        members: idBytes(message.members),
        policy: idBytes(message.policy),
        ...evictionFields(message),
      });
    case "items":
      return encodeMap({ ...message, deaths: message.deaths.map(deathFields) });
    default:
      throw new Error(`unknown message ${message satisfies never}`);
  }
}

interface ItemsParts {
  members: MemberWire[];
  deaths: DeathWire[];
  policy: Uint8Array[];
  bytes: number;
}

function splitItems(
  members: readonly MemberWire[],
  deaths: readonly DeathWire[],
  policy: readonly VerifiedPolicy[],
): readonly WireMessage[] {
  const parts: ItemsParts[] = [];
  const roomFor = (itemBytes: number, isFull: (part: ItemsParts) => boolean): ItemsParts => {
    const last = parts.at(-1);
    const bytes = itemBytes + itemOverheadBytes;
    if (last !== undefined && !isFull(last) && last.bytes + bytes <= messageBytesMax) {
      last.bytes += bytes;
      return last;
    }
    const part: ItemsParts = { members: [], deaths: [], policy: [], bytes: messageOverheadBytes + bytes };
    parts.push(part);
    return part;
  };
  for (const member of members) {
    const bytes = member.entry.length + sizeOf(member.chain);
    roomFor(bytes, (part) => part.members.length >= itemsMembersMax).members.push(member);
  }
  for (const death of deaths) {
    roomFor(sizeOf(death.votes), (part) => part.deaths.length >= wireItemsMax).deaths.push(death);
  }
  for (const document of policy) {
    roomFor(document.bytes.length, (part) => part.policy.length >= wireItemsMax).policy.push(document.bytes);
  }
  return parts.map(({ members: some, deaths: dead, policy: documents }) => ({
    type: "items",
    members: some,
    deaths: dead,
    policy: documents,
  }));
}

/** Bytes of several, with the heads that CBOR puts before each. */
function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length + 5, 0);
}

function digestFields(digests: { readonly members: string; readonly policy: string }): unknown {
  return { members: hexBytes(digests.members), policy: hexBytes(digests.policy) };
}

function headsFields(heads: PolicyHeads): unknown {
  return {
    ids: idBytes(heads.ids),
    streams: heads.streams.map(({ author, stream, version, manifest }) => [
      digestOf(author),
      stream,
      version.epoch,
      version.generation,
      digestOf(manifest),
    ]),
  };
}

function evictionFields({ evictions }: { readonly evictions?: readonly string[] }): object {
  return evictions === undefined ? {} : { evictions: concatBytes(evictions.map(hexBytes)) };
}

function deathFields(death: DeathWire): unknown {
  return { ...death, subject: digestOf(death.subject) };
}

function idBytes(ids: readonly string[]): Uint8Array {
  return concatBytes(ids.map(digestOf));
}

function digestOf(id: string): Uint8Array {
  const digest = idDigest(id);
  if (digest === undefined) throw new Error(`Not an id: ${id}`);
  return digest;
}

function hexBytes(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error(`Not hexadecimal: ${hex}`);
  return bytes;
}
