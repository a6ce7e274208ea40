import {
  type Entry,
  reportingMembers,
  type SignedStatement,
  type SignedVote,
  sealEntry,
  sealEviction,
  sealSighting,
  sealVote,
  type UnsignedStatement,
  type VerifiedCertificate,
  type VerifiedCharter,
  verifyEntry,
  verifyEviction,
  verifySighting,
} from "@antibody/core";
import { isRejection, type Rejection, type Signer, sealReport, verifyPolicy } from "@antibody/policy";
import { modelCrypto } from "./modelCrypto.ts";

/** Who signs. */
export interface StatementSigner {
  readonly certificate: VerifiedCertificate;
  readonly signer: Signer;
}

/**
 * Signs what a mind asks its body to sign, by the core's own sealing; read back as every receiver reads it. But for
 * votes, of which a massacre has thousands: what was sealed is taken as it is, and the audit reads it back.
 */
export function signStatement(
  statement: UnsignedStatement,
  { certificate, signer }: StatementSigner,
  charter: VerifiedCharter,
): SignedStatement {
  const certificateOf = (): VerifiedCertificate => certificate;
  const memberOf = reportingMembers({ certificateOf });
  switch (statement.type) {
    case "entry": {
      const entry = verifyEntry(sealEntry(statement, signer), certificate, modelCrypto);
      return { type: "entry", entry: valid(entry) };
    }
    case "vote": {
      const vote = { vote: statement, bytes: sealVote(statement, signer) } as SignedVote;
      return { type: "vote", vote };
    }
    case "sighting": {
      const sighting = verifySighting(sealSighting(statement, signer), certificateOf, modelCrypto);
      return { type: "sighting", sighting: valid(sighting) };
    }
    case "eviction": {
      const wire = { chain: statement.chain, eviction: sealEviction(statement.eviction, signer) };
      return { type: "eviction", eviction: valid(verifyEviction(wire, charter, modelCrypto)) };
    }
    case "report": {
      const trust = { crypto: modelCrypto, rootOf: () => undefined, memberOf };
      const report = valid(verifyPolicy(sealReport(statement, signer), trust));
      if (report.type !== "report") throw new Error(`Not a report: ${report.type}`);
      return { type: "report", report };
    }
    default:
      throw new Error(`unknown statement ${statement satisfies never}`);
  }
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
