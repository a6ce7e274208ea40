import {
  signStatement as coreSign,
  type Entry,
  type SignedStatement,
  type SignedVote,
  type SigningMember,
  sealVote,
  type UnsignedStatement,
  type VerifiedCharter,
} from "@antibody/core";
import { isRejection, type Rejection } from "@antibody/policy";
import { modelCrypto } from "./modelCrypto.ts";

/**
 * Signs what a mind asks its body to sign, as a device does. But for votes, of which a massacre has thousands: what was
 * sealed is taken as it is, and the audit reads it back.
 */
export function signStatement(
  statement: UnsignedStatement,
  member: SigningMember,
  charter: VerifiedCharter,
): SignedStatement {
  if (statement.type !== "vote") return coreSign(statement, member, charter, modelCrypto);
  const vote = { vote: statement, bytes: sealVote(statement, member.signer) } as SignedVote;
  return { type: "vote", vote };
}

/** Whether two entries of one agent say the same: signed again, the second is the very bytes of the first. */
export function isSameEntry(left: Entry, right: Entry): boolean {
  return (
    left.status === right.status &&
    left.build === right.build &&
    isSameList(left.incarnation, right.incarnation) &&
    isSameList(left.addresses, right.addresses) &&
    isSameList(left.capabilities, right.capabilities)
  );
}

function isSameList(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}

/** What this world has just made itself: a rejection of it is a fault of the simulator. */
export function valid<Value>(result: Value | Rejection): Exclude<Value, Rejection> {
  if (isRejection(result)) throw new Error(`The world made what is refused: ${result.detail}`);
  return result as Exclude<Value, Rejection>;
}
