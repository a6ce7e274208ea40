import { chainLengthMax, type MemberWire, statementBytesMax } from "@antibody/core";
import {
  type Crypto,
  concatBytes,
  idDigest,
  makeId,
  type Rejection,
  reject,
  type SwarmId,
  utf8,
} from "@antibody/policy";
import * as z from "zod/mini";
import { joinMembersMax } from "../limits.ts";
import { decodeMap, encodeMap } from "../wire/cbor.ts";
import { readMember } from "../wire/wireDecode.ts";
import { inviteSecretBytes } from "./inviteCode.ts";

/** The protocol by which an inviter takes in who holds its invite. */
export const joinProtocol = "/antibody/join/1.0.0";
/** Bytes of each side's nonce. */
export const joinNonceBytes = 16;

const joinRefusals = [
  "expired",
  "used",
  "unknown",
  "wrongSwarm",
  "nameTaken",
  "badName",
  "mayNotInvite",
  "tooOften",
  "busy",
] as const;
/** Why an inviter ends a join. */
export type JoinRefusal = (typeof joinRefusals)[number];

/** First move, by the joiner; its key is the one that Noise proves. */
export interface JoinRequest {
  readonly swarm: SwarmId;
  readonly secret: Uint8Array;
  readonly name: string;
  /** What the joiner's nonce must turn out to hash to: `nonceCommitment`. */
  readonly commitment: Uint8Array;
}

/** How an inviter ends a join, at either of its moves. */
export type JoinRefused = { readonly type: "refused"; readonly reason: JoinRefusal };

/** Second move, by the inviter. */
export type JoinChallenge = JoinRefused | { readonly type: "challenge"; readonly nonce: Uint8Array };

/** Fourth move, by the inviter, after the joiner has revealed its nonce. */
export type JoinAnswer =
  | JoinRefused
  | {
      readonly type: "accepted";
      readonly charter: Uint8Array;
      readonly chain: readonly Uint8Array[];
      /** Members that the joiner may dial, not verified. */
      readonly members: readonly MemberWire[];
    };

const statement = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length > 0 && value.length <= statementBytesMax,
);
const bytesOf = (length: number): z.ZodMiniType<Uint8Array, unknown> =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length);
const requestShape = z.object({
  type: z.literal("join"),
  swarm: bytesOf(32),
  secret: bytesOf(inviteSecretBytes),
  name: z.string().check(z.maxLength(256)),
  commitment: bytesOf(32),
});
const refusedShape = z.object({ type: z.literal("refused"), reason: z.enum(joinRefusals) });
const challengeShape = z.discriminatedUnion("type", [
  refusedShape,
  z.object({ type: z.literal("challenge"), nonce: bytesOf(joinNonceBytes) }),
]);
const revealShape = z.object({ type: z.literal("reveal"), nonce: bytesOf(joinNonceBytes) });
const answerShape = z.discriminatedUnion("type", [
  refusedShape,
  z.object({
    type: z.literal("accepted"),
    charter: statement,
    chain: z.array(statement).check(z.minLength(1), z.maxLength(chainLengthMax)),
    members: z.array(z.unknown()).check(z.maxLength(joinMembersMax)),
  }),
]);
const entryShape = z.object({ type: z.literal("entry"), entry: statement });

/** Encodes the first move. */
export function encodeJoinRequest(request: JoinRequest): Uint8Array {
  return encodeMap({ type: "join", ...request, swarm: idDigest(request.swarm) });
}

/** Reads the first move. */
export function decodeJoinRequest(bytes: Uint8Array): JoinRequest | Rejection {
  const read = requestShape.safeParse(decodeMap(bytes));
  if (!read.success) return reject("malformed", "not a request to join");
  const { secret, name, commitment } = read.data;
  return { swarm: makeId("swarm", read.data.swarm), secret, name, commitment };
}

/** Encodes the second move. */
export function encodeJoinChallenge(challenge: JoinChallenge): Uint8Array {
  return encodeMap(challenge);
}

/** Reads the second move. */
export function decodeJoinChallenge(bytes: Uint8Array): JoinChallenge | Rejection {
  const read = challengeShape.safeParse(decodeMap(bytes));
  return read.success ? read.data : reject("malformed", "not a challenge to a joiner");
}

/** Encodes the third move, by the joiner: the nonce that it committed itself to. */
export function encodeJoinReveal(nonce: Uint8Array): Uint8Array {
  return encodeMap({ type: "reveal", nonce });
}

/** Reads the third move. */
export function decodeJoinReveal(bytes: Uint8Array): Uint8Array | Rejection {
  const read = revealShape.safeParse(decodeMap(bytes));
  return read.success ? read.data.nonce : reject("malformed", "not the nonce of a joiner");
}

/** Encodes the fourth move. */
export function encodeJoinAnswer(answer: JoinAnswer): Uint8Array {
  return encodeMap(answer);
}

/** Reads the fourth move. Members of a wrong shape are left out. */
export function decodeJoinAnswer(bytes: Uint8Array): JoinAnswer | Rejection {
  const read = answerShape.safeParse(decodeMap(bytes));
  if (!read.success) return reject("malformed", "not an answer to a join");
  if (read.data.type === "refused") return read.data;
  const members = read.data.members.map(readMember).filter((member) => member !== undefined);
  return { ...read.data, members };
}

/** Encodes the fifth move, by the joiner: its first signed entry. */
export function encodeJoinEntry(entry: Uint8Array): Uint8Array {
  return encodeMap({ type: "entry", entry });
}

/** Reads the fifth move. */
export function decodeJoinEntry(bytes: Uint8Array): Uint8Array | Rejection {
  const read = entryShape.safeParse(decodeMap(bytes));
  return read.success ? read.data.entry : reject("malformed", "not the entry of a joiner");
}

/** The last move, by the inviter: the joiner is enrolled. */
export function encodeJoinWelcome(): Uint8Array {
  return encodeMap({ type: "welcome" });
}

/** Whether bytes are the last move. */
export function isJoinWelcome(bytes: Uint8Array): boolean {
  return decodeMap(bytes)?.["type"] === "welcome";
}

/** What a joiner tells of its nonce before it hears the inviter's. */
export function nonceCommitment(crypto: Crypto, nonce: Uint8Array): Uint8Array {
  return crypto.sha256(concatBytes([utf8("antibody join nonce 1"), nonce]));
}

/** What both sides of a join have seen. */
export interface JoinTranscript {
  readonly swarm: SwarmId;
  /** Public keys, 32 bytes each. */
  readonly inviter: Uint8Array;
  readonly joiner: Uint8Array;
  readonly secret: Uint8Array;
  readonly inviterNonce: Uint8Array;
  readonly joinerNonce: Uint8Array;
}

/**
 * Six digits that both sides show: equal only when both have seen the same. It tells people that the device which
 * joined is the one before them. The joiner is bound to its nonce before it hears the inviter's, so that somebody in
 * between cannot look for keys that give equal digits: each try is a join that breaks off, and an invite bears few
 * (Vaudenay, "Secure Communications over Insecure Channels Based on Short Authenticated Strings", 2005).
 */
export function shortAuthenticationString(crypto: Crypto, transcript: JoinTranscript): string {
  const { swarm, inviter, joiner, secret, inviterNonce, joinerNonce } = transcript;
  const digest = idDigest(swarm) ?? new Uint8Array();
  const seen = [utf8("antibody join 1"), digest, inviter, joiner, secret, inviterNonce, joinerNonce];
  const bytes = crypto.sha256(concatBytes(seen));
  const number = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
  return String(number % 1_000_000).padStart(6, "0");
}
