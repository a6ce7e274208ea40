import {
  type AgentId,
  type Crypto,
  fromHex,
  isRejection,
  makeId,
  parseId,
  type Rejection,
  reject,
  type Signer,
} from "@antibody/policy";
import * as z from "zod/mini";
import type { Certificate, VerifiedCertificate } from "../contract/statements.ts";
import { bootJumpMax, chainBytesMax, chainLengthMax, nameBytesMax } from "../limits.ts";
import type { VerifiedCharter } from "./charter.ts";
import { hexOf, parsed, plainText, type Shape } from "./shape.ts";
import { type OpenedStatement, openStatement, sealStatement, signatureProblem } from "./statement.ts";

const certificateShape: Shape<Certificate> = z.strictObject({
  v: z.literal(1),
  type: z.literal("certificate"),
  swarm: parsed((text) => parseId("swarm", text), "a swarm"),
  key: hexOf(32),
  name: plainText(nameBytesMax),
  // Serials are counted by inviters; a forged maximum would end the name.
  serial: z.int().check(z.minimum(1), z.maximum(bootJumpMax)),
  nonce: hexOf(16),
  mayInvite: z.boolean(),
  inviter: hexOf(32),
});

/** The id of an agent: the digest of its public key. */
export function agentIdOf(publicKey: Uint8Array, crypto: Crypto): AgentId {
  return makeId("agent", crypto.sha256(publicKey));
}

/** Signs a certificate with the inviter's key; the founder signs its own. Throws on a wrong shape. */
export function sealCertificate(certificate: Certificate, inviter: Signer): Uint8Array {
  return sealStatement("certificate", certificateShape, certificate, inviter);
}

/**
 * Reads a chain of certificates, founder first, the member's own last: each is signed by the key of the one
 * before, which says that it may invite.
 */
export function verifyChain(
  chain: readonly Uint8Array[],
  charter: Pick<VerifiedCharter, "swarm" | "charter">,
  crypto: Crypto,
): VerifiedCertificate | Rejection {
  const size = sizeProblem(chain);
  if (size !== undefined) return size;
  let last: Certificate | undefined;
  let lineage: readonly AgentId[] = [];
  for (const bytes of chain) {
    const opened = openStatement("certificate", certificateShape, bytes);
    if (isRejection(opened)) return opened;
    const problem = linkProblem(last, opened, charter, crypto);
    if (problem !== undefined) return problem;
    // Texts that all certificates of a swarm repeat are held once.
    const { key } = last === undefined ? { key: charter.charter.founder } : opened.body;
    const { name, serial, nonce, mayInvite } = opened.body;
    const { swarm } = charter;
    const inviter = last?.key ?? charter.charter.founder;
    last = { v: 1, type: "certificate", swarm, key, name, serial, nonce, mayInvite, inviter };
    // Of lists that are made at once none has room to spare.
    const agent = agentIdOf(fromHex(last.key) ?? new Uint8Array(), crypto);
    lineage = lineage.concat([lineage.length === 0 ? founderOf(charter, agent) : agent]);
  }
  const agent = lineage.at(-1);
  if (last === undefined || agent === undefined) return reject("malformed", "an empty chain of certificates");
  const publicKey = fromHex(last.key) ?? new Uint8Array();
  return { agent, publicKey, certificate: last, lineage, chain } as VerifiedCertificate;
}

/** By charter, the id of the founder, with which every lineage begins. */
const founders = new WeakMap<object, AgentId>();

/** The same text for all. */
function founderOf(charter: object, id: AgentId): AgentId {
  const known = founders.get(charter);
  if (known === id) return known;
  founders.set(charter, id);
  return id;
}

function sizeProblem(chain: readonly Uint8Array[]): Rejection | undefined {
  if (chain.length > chainLengthMax) {
    return reject("tooLarge", `${chain.length} certificates in a chain, at most ${chainLengthMax}`);
  }
  const bytes = chain.reduce((sum, certificate) => sum + certificate.length, 0);
  if (bytes <= chainBytesMax) return undefined;
  return reject("tooLarge", `${bytes} bytes of certificates, at most ${chainBytesMax}`);
}

/** Why a certificate does not follow the one before it, or, as the first, not the charter. */
function linkProblem(
  previous: Certificate | undefined,
  next: OpenedStatement<Certificate>,
  { swarm, charter }: Pick<VerifiedCharter, "swarm" | "charter">,
  crypto: Crypto,
): Rejection | undefined {
  const { body: certificate, envelope } = next;
  if (certificate.swarm !== swarm) return reject("wrongSwarm", `a certificate of ${certificate.swarm}`);
  if (previous === undefined) {
    if (certificate.key !== charter.founder)
      return reject("unknownKey", "a chain that its founder does not begin");
  } else if (!previous.mayInvite) {
    return reject("missingPower", `${previous.name} may not invite`);
  }
  const inviter = previous === undefined ? charter.founder : previous.key;
  if (certificate.inviter !== inviter) {
    return reject(
      "unknownKey",
      `the certificate of ${certificate.name} names another inviter than the chain`,
    );
  }
  return signatureProblem(
    crypto,
    envelope,
    fromHex(inviter) ?? new Uint8Array(),
    `the inviter of ${certificate.name}`,
  );
}
