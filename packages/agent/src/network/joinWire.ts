import { chainLengthMax, type MemberWire, statementBytesMax } from "@antibody/core";
import {
  type Crypto,
  concatBytes,
  idDigest,
  makeId,
  parseId,
  type Rejection,
  reject,
  type SwarmId,
  utf8,
} from "@antibody/policy";
import * as z from "zod/mini";
import { decodeMap, encodeMap } from "./cbor.ts";
import { inviteSecretBytes } from "./inviteCode.ts";
import { joinMembersMax } from "./limits.ts";
import { readMember } from "./wireDecode.ts";

/** The protocol by which an inviter takes in who holds its invite. */
export const joinProtocol = "/antibody/join/1.0.0";

const joinRefusals = [
  "expired",
  "used",
  "unknown",
  "wrongSwarm",
  "nameTaken",
  "badName",
  "mayNotInvite",
  "busy",
] as const;
/** Why an inviter ends a join. */
export type JoinRefusal = (typeof joinRefusals)[number];

/** First move, by the joiner; its key is the one that Noise proves. */
export interface JoinRequest {
  readonly swarm: SwarmId;
  readonly secret: Uint8Array;
  readonly name: string;
}

/** Second move, by the inviter. */
export type JoinAnswer =
  | { readonly type: "refused"; readonly reason: JoinRefusal }
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
const requestShape = z.strictObject({
  type: z.literal("join"),
  swarm: z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 32),
  secret: z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === inviteSecretBytes),
  name: z.string().check(z.maxLength(256)),
});
const answerShape = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("refused"), reason: z.enum(joinRefusals) }),
  z.strictObject({
    type: z.literal("accepted"),
    charter: statement,
    chain: z.array(statement).check(z.minLength(1), z.maxLength(chainLengthMax)),
    members: z.array(z.unknown()).check(z.maxLength(joinMembersMax)),
  }),
]);
const entryShape = z.strictObject({ type: z.literal("entry"), entry: statement });

/** Encodes the first move. */
export function encodeJoinRequest(request: JoinRequest): Uint8Array {
  return encodeMap({ type: "join", ...request, swarm: idDigest(request.swarm) });
}

/** Reads the first move. */
export function decodeJoinRequest(bytes: Uint8Array): JoinRequest | Rejection {
  const read = requestShape.safeParse(decodeMap(bytes));
  if (!read.success) return reject("malformed", "not a request to join");
  const { secret, name } = read.data;
  return { swarm: makeId("swarm", read.data.swarm), secret, name };
}

/** Encodes the second move. */
export function encodeJoinAnswer(answer: JoinAnswer): Uint8Array {
  return encodeMap(answer);
}

/** Reads the second move. Members of a wrong shape are left out. */
export function decodeJoinAnswer(bytes: Uint8Array): JoinAnswer | Rejection {
  const read = answerShape.safeParse(decodeMap(bytes));
  if (!read.success) return reject("malformed", "not an answer to a join");
  if (read.data.type === "refused") return read.data;
  const members = read.data.members.map(readMember).filter((member) => member !== undefined);
  return { ...read.data, members };
}

/** Encodes the third move, by the joiner: its first signed entry. */
export function encodeJoinEntry(entry: Uint8Array): Uint8Array {
  return encodeMap({ type: "entry", entry });
}

/** Reads the third move. */
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

/**
 * Six digits that both sides show: equal only when inviter and joiner see the same two keys and the same secret.
 * It tells people that the device which joined is the one before them.
 */
export function shortAuthenticationString(
  crypto: Crypto,
  swarm: SwarmId,
  inviter: Uint8Array,
  joiner: Uint8Array,
  secret: Uint8Array,
): string {
  const digest = idDigest(parseId("swarm", swarm) ?? "") ?? new Uint8Array();
  const bytes = crypto.sha256(concatBytes([utf8("antibody join 1"), digest, inviter, joiner, secret]));
  const number = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
  return String(number % 1_000_000).padStart(6, "0");
}
