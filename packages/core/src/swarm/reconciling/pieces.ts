import type { VerifiedPolicy } from "@antibody/policy";
import type { PeerMessage } from "../../contract/messages.ts";
import type {
  DeathCertificate,
  Member,
  SignedSighting,
  VerifiedEviction,
} from "../../contract/statements.ts";
import { itemsMembersMax, messageBytesMax } from "../../limits.ts";

type Items = Extract<PeerMessage, { readonly type: "items" }>;

/** What one message may hold of `messageBytesMax`, so that its frame and field names fit too. A guess. */
const contentBytesMax = messageBytesMax - 4_096;
/** What the encoding adds to an item, and to a signature inside it. A guess on the safe side. */
const itemOverheadBytes = 128;

/** Splits what a peer lacks into messages that it may take. One document that fills a message goes alone. */
export function itemsPieces(
  members: readonly Member[],
  deaths: readonly DeathCertificate[],
  policy: readonly VerifiedPolicy[],
  evictions: readonly VerifiedEviction[] = [],
): readonly Items[] {
  const pieces: Items[] = [];
  const none: readonly never[] = [];
  // First: who is out must not come in again by what follows.
  for (const piece of split(evictions, evictionBytes)) {
    pieces.push({ type: "items", members: none, deaths: none, policy: none, evictions: piece });
  }
  for (const piece of split(members, memberBytes, itemsMembersMax)) {
    pieces.push({ type: "items", members: piece, deaths: none, policy: none });
  }
  for (const piece of split(deaths, deathBytes)) {
    pieces.push({ type: "items", members: none, deaths: piece, policy: none });
  }
  for (const piece of split(policy, ({ bytes }) => bytes.length)) {
    pieces.push({ type: "items", members: none, deaths: none, policy: piece });
  }
  return pieces;
}

/** Splits deaths into as many as one rumor or message may take. */
export function deathPieces(deaths: readonly DeathCertificate[]): readonly (readonly DeathCertificate[])[] {
  return split(deaths, deathBytes);
}

/** Splits sightings into as many as one rumor may take. */
export function sightingPieces(sightings: readonly SignedSighting[]): readonly (readonly SignedSighting[])[] {
  return split(sightings, ({ bytes }) => bytes.length);
}

function memberBytes({ certificate, entry }: Member): number {
  return certificate.chain.reduce((sum, { length }) => sum + length + itemOverheadBytes, entry.bytes.length);
}

function evictionBytes({ chain, bytes }: VerifiedEviction): number {
  return chain.reduce((sum, { length }) => sum + length + itemOverheadBytes, bytes.length);
}

function deathBytes({ votes }: DeathCertificate): number {
  return votes.reduce((sum, { bytes }) => sum + bytes.length + itemOverheadBytes, itemOverheadBytes);
}

function split<Item>(
  items: readonly Item[],
  bytesOf: (item: Item) => number,
  countMax: number = Number.POSITIVE_INFINITY,
): Item[][] {
  const pieces: Item[][] = [];
  let piece: Item[] = [];
  let pieceBytes = 0;
  for (const item of items) {
    const bytes = bytesOf(item) + itemOverheadBytes;
    if (piece.length > 0 && (pieceBytes + bytes > contentBytesMax || piece.length >= countMax)) {
      pieces.push(piece);
      piece = [];
      pieceBytes = 0;
    }
    piece.push(item);
    pieceBytes += bytes;
  }
  if (piece.length > 0) pieces.push(piece);
  return pieces;
}
