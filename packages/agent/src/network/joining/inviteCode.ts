import { addressCharactersMax, addressesMax } from "@antibody/core";
import {
  base32Decode,
  base32Encode,
  type Crypto,
  concatBytes,
  equalBytes,
  idDigest,
  makeId,
  type Rejection,
  reject,
  type SwarmId,
} from "@antibody/policy";
import * as z from "zod/mini";
import { inviteCodeCharactersMax } from "../limits.ts";
import { decodeMap, encodeMap } from "../wire/cbor.ts";

/** What an invite code says. The secret is all that a joiner must prove; when it expires is the inviter's to know. */
export interface Invite {
  readonly swarm: SwarmId;
  /** Public key of the inviter, who alone redeems it: 32 bytes. */
  readonly inviter: Uint8Array;
  /** Multiaddrs of the inviter, without the peer id; those that lead through a relay end with `/p2p-circuit`. */
  readonly addresses: readonly string[];
  /** 16 random bytes. */
  readonly secret: Uint8Array;
}

/** What every code begins with, so that people and programs know one when they see it. */
const codePrefix = "invite_";
const keyBytes = 32;
/** Bytes of an invite's secret: nobody guesses 128 bits. */
export const inviteSecretBytes = 16;
/** Enough to notice a lost or changed character; it protects against slips, not against people. */
const checksumBytes = 4;

const inviteShape = z.object({
  swarm: bytesOf(keyBytes),
  inviter: bytesOf(keyBytes),
  addresses: z.array(z.string().check(z.maxLength(addressCharactersMax))).check(z.maxLength(addressesMax)),
  secret: bytesOf(inviteSecretBytes),
});

/** An invite as one word that a person can paste: `invite_…`, base32 with a checksum. */
export function formatInviteCode(invite: Invite, crypto: Crypto): string {
  const swarm = idDigest(invite.swarm);
  const bytes = encodeMap({ ...invite, swarm });
  return codePrefix + base32Encode(concatBytes([bytes, checksum(bytes, crypto)]));
}

/** Reads an invite code. Capitals and white space (a line that a terminal broke) do not matter. */
export function parseInviteCode(text: string, crypto: Crypto): Invite | Rejection {
  const code = text.replace(/\s+/g, "").toLowerCase();
  if (code.length > inviteCodeCharactersMax) return reject("tooLarge", "too long for an invite code");
  if (!code.startsWith(codePrefix)) return reject("malformed", `an invite code begins with ${codePrefix}`);
  const all = base32Decode(code.slice(codePrefix.length));
  if (all === undefined)
    return reject("malformed", "the invite code is incomplete, or has a wrong character");
  const bytes = all.slice(0, -checksumBytes);
  if (!equalBytes(checksum(bytes, crypto), all.slice(-checksumBytes))) {
    return reject("malformed", "the invite code is incomplete, or has a wrong character");
  }
  const read = inviteShape.safeParse(decodeMap(bytes));
  if (!read.success) return reject("unknownType", "the invite code is of another version of antibody");
  return { ...read.data, swarm: makeId("swarm", read.data.swarm) };
}

function checksum(bytes: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.sha256(bytes).slice(0, checksumBytes);
}

function bytesOf(length: number): z.ZodMiniType<Uint8Array, unknown> {
  return z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length);
}
