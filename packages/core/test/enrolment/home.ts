import { type AgentId, type Crypto, type Signer, toHex } from "@antibody/policy";
import { accepted } from "../../../policy/test/support.ts";
import type { Certificate, Charter, VerifiedCertificate } from "../../src/contract/statements.ts";
import { agentIdOf, sealCertificate, verifyChain } from "../../src/enrolment/certificate.ts";
import { sealCharter, type VerifiedCharter, verifyCharter } from "../../src/enrolment/charter.ts";

/** A swarm whose members are their names. */
export interface Home {
  readonly charter: VerifiedCharter;
  idOf(name: string): AgentId;
  /** A line of members, founder first, each the inviter of the next: the last one's certificate. */
  lineOf(names: readonly string[]): VerifiedCertificate;
}

/** Founded by `founder`; its recovery key is of `recovery`. */
export function foundHome(crypto: Crypto, signerOf: (name: string) => Signer): Home {
  const keyOf = (name: string): string => toHex(signerOf(name).publicKey);
  const body: Charter = {
    ...{ v: 1, type: "charter", name: "home" },
    ...{ founder: keyOf("founder"), recovery: keyOf("recovery"), nonce: "00".repeat(16) },
  };
  const charter = accepted(verifyCharter(sealCharter(body, signerOf("founder")), crypto));
  const certify = (name: string, inviter: string): Uint8Array => {
    const certificate: Certificate = {
      ...{ v: 1, type: "certificate", swarm: charter.swarm, key: keyOf(name), name, serial: 1 },
      ...{ nonce: "0f".repeat(16), mayInvite: true, inviter: keyOf(inviter) },
    };
    return sealCertificate(certificate, signerOf(inviter));
  };
  return {
    charter,
    idOf: (name) => agentIdOf(signerOf(name).publicKey, crypto),
    lineOf: (names) => {
      const chain = names.map((name, index) => certify(name, names[index - 1] ?? name));
      return accepted(verifyChain(chain, charter, crypto));
    },
  };
}
