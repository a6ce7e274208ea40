import type { HealthRumor, Member, PeerMessage } from "@antibody/core";

/** Frames of Yamux, Noise and a CBOR message around what a message carries. Estimates from the wire format. */
const frameBytes = 60;
const digestsBytes = 50;
const idBytes = 60;

/** What a message to a peer takes on the wire, about: for the count of traffic, decides nothing. */
export function messageBytes(message: PeerMessage): number {
  switch (message.type) {
    case "probe":
    case "ack":
      return frameBytes + digestsBytes;
    case "probeRequest":
    case "probeReport":
      return frameBytes + idBytes;
    case "votes":
      return frameBytes + sum(message.votes, ({ bytes }) => bytes.length);
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
        sum(message.policy, ({ bytes }) => bytes.length)
      );
    default:
      throw new Error(`unknown message ${message satisfies never}`);
  }
}

/** What a rumor takes on the wire, about. */
export function rumorBytes(rumor: HealthRumor): number {
  if (rumor.type === "members") return frameBytes + sum(rumor.members, memberBytes);
  return frameBytes + sum(rumor.deaths, ({ votes }) => sum(votes, ({ bytes }) => bytes.length));
}

function memberBytes({ certificate, entry }: Member): number {
  return entry.bytes.length + sum(certificate.chain, (bytes) => bytes.length);
}

function sum<T>(items: readonly T[], bytesOf: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += bytesOf(item);
  return total;
}
