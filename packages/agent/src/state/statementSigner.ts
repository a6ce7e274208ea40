import {
  agentIdOf,
  type SignedStatement,
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
  verifyVote,
} from "@antibody/core";
import { type Crypto, isRejection, type Signer, sealReport, verifyPolicy } from "@antibody/policy";
import type { StatementSigner } from "../ports.ts";

/**
 * Signs what the mind states, with the agent's key. What was signed is read back like a stranger's: so the agent
 * never says what its peers would refuse, and verified statements are made in one place only.
 */
export function statementSigner(
  key: Signer,
  certificate: VerifiedCertificate,
  charter: VerifiedCharter,
  crypto: Crypto,
): StatementSigner {
  const agent = agentIdOf(key.publicKey, crypto);
  return { sign: (statement) => signStatement(statement) };

  function certificateOf(observer: string): VerifiedCertificate | undefined {
    return observer === agent ? certificate : undefined;
  }

  function signStatement(statement: UnsignedStatement): SignedStatement {
    switch (statement.type) {
      case "entry": {
        const entry = verifyEntry(sealEntry(statement, key), certificate, crypto);
        if (isRejection(entry)) throw new Error(`The agent's own entry is not sound: ${entry.detail}`);
        return { type: "entry", entry };
      }
      case "vote": {
        const vote = verifyVote(sealVote(statement, key), certificateOf, crypto);
        if (isRejection(vote)) throw new Error(`The agent's own vote is not sound: ${vote.detail}`);
        return { type: "vote", vote };
      }
      case "sighting": {
        const sighting = verifySighting(sealSighting(statement, key), certificateOf, crypto);
        if (isRejection(sighting))
          throw new Error(`The agent's own sighting is not sound: ${sighting.detail}`);
        return { type: "sighting", sighting };
      }
      case "eviction": {
        const wire = { chain: statement.chain, eviction: sealEviction(statement.eviction, key) };
        const eviction = verifyEviction(wire, charter, crypto);
        if (isRejection(eviction))
          throw new Error(`The agent's own eviction is not sound: ${eviction.detail}`);
        return { type: "eviction", eviction };
      }
      case "report": {
        const { swarm } = certificate.certificate;
        const memberOf = () => ({ swarm, publicKey: certificate.publicKey });
        const trust = { crypto, rootOf: () => undefined, memberOf };
        const report = verifyPolicy(sealReport(statement, key), trust);
        if (isRejection(report)) throw new Error(`The agent's own report is not sound: ${report.detail}`);
        if (report.type !== "report") throw new Error(`Not a report: ${report.type}`);
        return { type: "report", report };
      }
      default:
        throw new Error(`Not a statement: ${statement satisfies never}`);
    }
  }
}
