import {
  type AgentId,
  type Crypto,
  compareText,
  envelopeDigest,
  fromHex,
  isPlainObject,
  isRejection,
  parseId,
  type Rejection,
  reject,
  type Signer,
  toHex,
} from "@antibody/policy";
import * as z from "zod/mini";
import type { JournalRecord } from "../contract/output.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Eviction, VerifiedCertificate, VerifiedEviction } from "../contract/statements.ts";
import { evictionKeepsMax, nameBytesMax } from "../limits.ts";
import { agentIdOf, verifyChain } from "./certificate.ts";
import type { VerifiedCharter } from "./charter.ts";
import { hexOf, parsed, plainText, type Shape } from "./shape.ts";
import { openStatement, sealStatement, signatureProblem } from "./statement.ts";

/** Bytes of the reason of an eviction. A guess: a short sentence. */
export const evictionReasonBytesMax: number = 4 * nameBytesMax;

/** An eviction as it travels: exact bytes, nothing verified. */
export interface EvictionWire {
  /** The certificate chain of who is evicted, founder first. */
  readonly chain: readonly Uint8Array[];
  readonly eviction: Uint8Array;
}

const agentShape = parsed((text) => parseId("agent", text), "an agent");

const evictionShape: Shape<Eviction> = z.strictObject({
  v: z.literal(1),
  type: z.literal("eviction"),
  swarm: parsed((text) => parseId("swarm", text), "a swarm"),
  agent: agentShape,
  signer: hexOf(32),
  keeps: z
    .array(agentShape)
    .check(z.maxLength(evictionKeepsMax), z.refine(isSorted, "not sorted, or one twice")),
  reason: plainText(evictionReasonBytesMax),
});

/** Signs an eviction. Throws on one of the wrong shape. */
export function sealEviction(eviction: Eviction, signer: Signer): Uint8Array {
  return sealStatement("eviction", evictionShape, eviction, signer);
}

/** Reads an eviction: who signs it must stand in the lineage of who is evicted, or hold the recovery key. */
export function verifyEviction(
  wire: EvictionWire,
  charter: Pick<VerifiedCharter, "swarm" | "charter">,
  crypto: Crypto,
): VerifiedEviction | Rejection {
  const opened = openStatement("eviction", evictionShape, wire.eviction);
  if (isRejection(opened)) return opened;
  const { body, envelope } = opened;
  if (body.swarm !== charter.swarm) return reject("wrongSwarm", `an eviction of ${body.swarm}`);
  const subject = verifyChain(wire.chain, charter, crypto);
  if (isRejection(subject)) return subject;
  if (subject.agent !== body.agent)
    return reject("malformed", "an eviction with the chain of another member");
  const signer = fromHex(body.signer) ?? new Uint8Array();
  const by = authorityOf(body, signer, subject, charter, crypto);
  if (by === undefined) {
    return reject("missingPower", `only its inviters or the recovery key evict ${subject.certificate.name}`);
  }
  const problem = signatureProblem(crypto, envelope, signer, "who evicts");
  if (problem !== undefined) return problem;
  return {
    agent: body.agent,
    name: subject.certificate.name,
    by,
    keeps: body.keeps,
    reason: body.reason,
    lineage: subject.lineage,
    chain: subject.chain,
    bytes: envelope.bytes,
    digest: toHex(envelopeDigest(crypto, envelope)).slice(0, 16),
  } as VerifiedEviction;
}

const recordPrefix = "eviction/";

/** The journal's record of an eviction. */
export function evictionRecord({ digest, chain, bytes }: VerifiedEviction): JournalRecord {
  return { key: `${recordPrefix}${digest}`, value: { v: 1, chain, eviction: bytes } };
}

/** What a journal's record holds, to be verified again; undefined when the record is not of an eviction. */
export function readEvictionRecord(record: {
  readonly key: string;
  readonly value: Snapshot;
}): EvictionWire | Rejection | undefined {
  if (!record.key.startsWith(recordPrefix)) return undefined;
  const { value } = record;
  if (!isPlainObject(value) || value["v"] !== 1)
    return reject("unknownType", `unknown version of ${record.key}`);
  const { chain, eviction } = value as { readonly chain?: unknown; readonly eviction?: unknown };
  if (
    !Array.isArray(chain) ||
    !chain.every((bytes) => bytes instanceof Uint8Array) ||
    !(eviction instanceof Uint8Array)
  ) {
    return reject("malformed", `${record.key} lacks chain or eviction`);
  }
  return { chain, eviction };
}

function authorityOf(
  { signer }: Eviction,
  key: Uint8Array,
  subject: VerifiedCertificate,
  { charter }: Pick<VerifiedCharter, "charter">,
  crypto: Crypto,
): AgentId | "recovery" | undefined {
  if (signer === charter.recovery) return "recovery";
  const agent = agentIdOf(key, crypto);
  return subject.lineage.includes(agent) ? agent : undefined;
}

function isSorted(agents: readonly AgentId[]): boolean {
  return agents.every((agent, index) => {
    const previous = agents[index - 1];
    return previous === undefined || compareText(previous, agent) < 0;
  });
}
