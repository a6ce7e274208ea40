import type { HealthRumor, Member, PeerMessage, VerifiedEviction } from "@antibody/core";

/** Frames of Yamux, Noise and a CBOR message around what a message carries. Estimates from the wire format. */
const frameBytes = 60;
/** CBOR and nonce of a rumor; the frames around it are counted by gossip. */
const rumorFrameBytes = 30;
/** With it, a message of a swarm at rest takes the 107 bytes that real agents send (`test/calibration`). */
const digestsBytes = 44;
const idBytes = 60;

/** What a message to a peer takes on the wire, about: for the count of traffic, decides nothing. */
export function messageBytes(message: PeerMessage): number {
  switch (message.type) {
    case "probe":
    case "ack":
      return frameBytes + digestsBytes;
    case "probeRequest":
    case "probeReport":
    case "leaseAsk":
    case "leaseAnswer":
    case "leaseRelease":
      return frameBytes + idBytes;
    case "votes":
      return frameBytes + sum(message.votes, ({ bytes }) => bytes.length);
    case "deaths":
      return frameBytes + sum(message.deaths, ({ votes }) => sum(votes, ({ bytes }) => bytes.length));
    case "digest":
      return frameBytes + message.buckets.length * 17 + message.policy.ids.length * idBytes;
    case "summary":
      return frameBytes + message.members.length * (idBytes + 8) + message.policy.ids.length * idBytes;
    case "want":
      return frameBytes + (message.members.length + message.policy.length) * idBytes;
    case "items":
      return (
        frameBytes +
        sum(message.members, memberBytes) +
        sum(message.deaths, ({ votes }) => sum(votes, ({ bytes }) => bytes.length)) +
        sum(message.policy, ({ bytes }) => bytes.length) +
        sum(message.evictions ?? [], evictionBytes)
      );
    default:
      throw new Error(`unknown message ${message satisfies never}`);
  }
}

/** What a rumor takes within a message of gossip, about. */
export function rumorBytes(rumor: HealthRumor): number {
  switch (rumor.type) {
    case "members":
      return rumorFrameBytes + sum(rumor.members, memberBytes);
    case "deaths":
      return rumorFrameBytes + sum(rumor.deaths, ({ votes }) => sum(votes, ({ bytes }) => bytes.length));
    case "sightings":
      return rumorFrameBytes + sum(rumor.sightings, ({ bytes }) => bytes.length);
    case "evictions":
      return rumorFrameBytes + sum(rumor.evictions, evictionBytes);
    default:
      throw new Error(`unknown rumor ${rumor satisfies never}`);
  }
}

function memberBytes({ certificate, entry }: Member): number {
  return entry.bytes.length + sum(certificate.chain, (bytes) => bytes.length);
}

function evictionBytes({ chain, bytes }: VerifiedEviction): number {
  return bytes.length + sum(chain, (link) => link.length);
}

function sum<T>(items: readonly T[], bytesOf: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += bytesOf(item);
  return total;
}
