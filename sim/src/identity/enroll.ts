import {
  type Member,
  sealCertificate,
  sealCharter,
  type VerifiedCertificate,
  type VerifiedCharter,
  verifyChain,
  verifyCharter,
} from "@antibody/core";
import { type Signer, toHex, utf8 } from "@antibody/policy";
import { Arena } from "../stores/arena.ts";
import { modelCrypto, modelSigner, signerOf } from "./modelCrypto.ts";
import { signStatement, valid } from "./statements.ts";

/** One enrolled agent. */
export interface Enrolled {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly certificate: VerifiedCertificate;
  readonly signer: Signer;
  /** Its certificate with the entry that the directory holds of it before it starts. */
  readonly member: Member;
}

export interface EnrolledSwarm {
  readonly charter: VerifiedCharter;
  readonly agents: readonly Enrolled[];
}

/** The version of the build that every simulated agent tells. */
export const simulatedBuild = "simulated";

/**
 * A swarm whose agents are all enrolled, by one founder. Keys and nonces follow from the seed, so that each seed has
 * its own rings. Every agent is enrolled as if it had been up once: its entry is of boot 1.
 */
export function enrollSwarm(agents: number, seed: number): EnrolledSwarm {
  const founder = modelSigner(`agent 0 of ${seed}`);
  const founderKey = toHex(founder.publicKey);
  const charterBytes = sealCharter(
    {
      v: 1,
      type: "charter",
      name: "simulated",
      founder: founderKey,
      recovery: toHex(modelSigner(`recovery of ${seed}`).publicKey),
      nonce: nonceOf(`charter of ${seed}`),
    },
    founder,
  );
  const charter = valid(verifyCharter(charterBytes, modelCrypto));
  const arena = new Arena();
  const chains: Uint8Array[] = [];
  const enrolled: Enrolled[] = [];
  for (let index = 0; index < agents; index += 1) {
    const signer = index === 0 ? founder : modelSigner(`agent ${index} of ${seed}`);
    const name = `agent-${index}`;
    const sealed = sealCertificate(
      {
        v: 1,
        type: "certificate",
        swarm: charter.swarm,
        key: toHex(signer.publicKey),
        name,
        serial: 1,
        nonce: nonceOf(`${name} of ${seed}`),
        mayInvite: index === 0,
        inviter: founderKey,
      },
      founder,
    );
    const bytes = arena.keep(sealed);
    if (index === 0) chains.push(bytes);
    const chain = index === 0 ? [bytes] : [chains[0] as Uint8Array, bytes];
    const verified = valid(verifyChain(chain, charter, modelCrypto));
    const certificate = { ...verified, publicKey: arena.keep(verified.publicKey) };
    const member = memberOf(charter, certificate, signer, addressOf(index), arena);
    // Texts that its statements hold are held once.
    enrolled.push({
      name: certificate.certificate.name,
      addresses: member.entry.entry.addresses,
      certificate,
      signer: signerOf(certificate.publicKey),
      member,
    });
  }
  return { charter, agents: enrolled };
}

function memberOf(
  charter: VerifiedCharter,
  certificate: VerifiedCertificate,
  signer: Signer,
  address: string,
  arena: Arena,
): Member {
  const signed = signStatement(
    {
      v: 1,
      type: "entry",
      swarm: certificate.certificate.swarm,
      agent: certificate.agent,
      incarnation: [certificate.certificate.serial, 1, 0],
      status: "alive",
      addresses: [address],
      capabilities: [],
      build: simulatedBuild,
    },
    { certificate, signer },
    charter,
  );
  if (signed.type !== "entry") throw new Error("An entry was signed as something else");
  const { entry } = signed;
  return { certificate, entry: { ...entry, bytes: arena.keep(entry.bytes) } };
}

function addressOf(index: number): string {
  return `/ip4/10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/tcp/4001`;
}

/** 16 bytes in hex. */
function nonceOf(text: string): string {
  return toHex(modelCrypto.sha256(utf8(`nonce ${text}`))).slice(0, 32);
}
