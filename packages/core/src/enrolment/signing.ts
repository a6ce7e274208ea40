import {
  type Crypto,
  isRejection,
  type Rejection,
  type Signer,
  sealReport,
  verifyPolicy,
} from "@antibody/policy";
import type { SignedStatement, UnsignedStatement, VerifiedCertificate } from "../contract/statements.ts";
import { reportingMembers } from "../rollout/members.ts";
import type { VerifiedCharter } from "./charter.ts";
import { sealEntry, verifyEntry } from "./entry.ts";
import { sealEviction, verifyEviction } from "./eviction.ts";
import { sealSighting, sealVote, verifySighting, verifyVote } from "./vote.ts";

/** A member as the one who signs. */
export interface SigningMember {
  readonly certificate: VerifiedCertificate;
  /** Holds the key that the certificate names. */
  readonly signer: Signer;
}

/**
 * Signs what a mind states, with its agent's key. What was signed is read back as a stranger reads it: so an agent
 * never says what its peers would refuse, and verified statements are made in one place only. Throws where they would
 * refuse it, as a statement of another agent.
 */
export function signStatement(
  statement: UnsignedStatement,
  { certificate, signer }: SigningMember,
  charter: VerifiedCharter,
  crypto: Crypto,
): SignedStatement {
  const certificateOf = (agent: string): VerifiedCertificate | undefined =>
    agent === certificate.agent ? certificate : undefined;
  switch (statement.type) {
    case "entry": {
      const entry = verifyEntry(sealEntry(statement, signer), certificate, crypto);
      return { type: "entry", entry: sound("entry", entry) };
    }
    case "vote": {
      const vote = verifyVote(sealVote(statement, signer), certificateOf, crypto);
      return { type: "vote", vote: sound("vote", vote) };
    }
    case "sighting": {
      const sighting = verifySighting(sealSighting(statement, signer), certificateOf, crypto);
      return { type: "sighting", sighting: sound("sighting", sighting) };
    }
    case "eviction": {
      const wire = { chain: statement.chain, eviction: sealEviction(statement.eviction, signer) };
      return { type: "eviction", eviction: sound("eviction", verifyEviction(wire, charter, crypto)) };
    }
    case "report": {
      const trust = { crypto, rootOf: () => undefined, memberOf: reportingMembers({ certificateOf }) };
      const report = sound("report", verifyPolicy(sealReport(statement, signer), trust));
      if (report.type !== "report") throw new Error(`Not a report: ${report.type}`);
      return { type: "report", report };
    }
    default:
      throw new Error(`Not a statement: ${statement satisfies never}`);
  }
}

function sound<Value>(what: string, read: Value | Rejection): Value {
  if (isRejection(read)) throw new Error(`The agent's own ${what} is not sound: ${read.detail}`);
  return read;
}
