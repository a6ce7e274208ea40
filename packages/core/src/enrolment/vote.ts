import {
  type AgentId,
  type Crypto,
  isRejection,
  parseId,
  type Rejection,
  reject,
  type Signer,
} from "@antibody/policy";
import * as z from "zod/mini";
import type {
  DeathCertificate,
  Incarnation,
  Sighting,
  SignedSighting,
  SignedVote,
  VerifiedCertificate,
  Vote,
} from "../contract/statements.ts";
import { compareIncarnation } from "./incarnation.ts";
import { incarnationShape, parsed, type Shape, sequenceShape } from "./shape.ts";
import { type OpenedStatement, openStatement, sealStatement, signatureProblem } from "./statement.ts";

/** Votes in one death certificate: several times any quorum. A guess. */
export const deathVotesMax = 64;

/** A death certificate as it travels: exact bytes, nothing verified. */
export interface DeathWire {
  readonly subject: AgentId;
  readonly incarnation: Incarnation;
  readonly votes: readonly Uint8Array[];
}

const agentShape = parsed((text) => parseId("agent", text), "an agent");

/** What every word of an observer on a subject has. */
const word = {
  v: z.literal(1),
  swarm: parsed((text) => parseId("swarm", text), "a swarm"),
  subject: agentShape,
  incarnation: incarnationShape,
  observer: agentShape,
  sequence: sequenceShape,
};

const voteShape: Shape<Vote> = z.strictObject({
  ...word,
  type: z.literal("vote"),
  evidence: z.enum(["refused", "cut", "stalled"]),
});

const sightingShape: Shape<Sighting> = z.strictObject({
  ...word,
  type: z.literal("sighting"),
  finding: z.enum(["missing", "present"]),
});

/** Signs a vote with its observer's key. Throws on a vote of the wrong shape. */
export function sealVote(vote: Vote, observer: Signer): Uint8Array {
  return sealStatement("vote", voteShape, vote, observer);
}

/** Signs a sighting with its observer's key. Throws on a sighting of the wrong shape. */
export function sealSighting(sighting: Sighting, observer: Signer): Uint8Array {
  return sealStatement("sighting", sightingShape, sighting, observer);
}

/**
 * Reads a vote: only its enrolled observer may sign it. `unknownAuthor` when the observer is not known here,
 * which blames nobody.
 */
export function verifyVote(
  bytes: Uint8Array,
  certificateOf: (agent: AgentId) => VerifiedCertificate | undefined,
  crypto: Crypto,
): SignedVote | Rejection {
  const opened = openStatement("vote", voteShape, bytes);
  if (isRejection(opened)) return opened;
  const problem = wordProblem(opened, certificateOf, crypto);
  return problem ?? ({ vote: opened.body, bytes: opened.envelope.bytes } as SignedVote);
}

/** Reads a sighting, by the same rules. */
export function verifySighting(
  bytes: Uint8Array,
  certificateOf: (agent: AgentId) => VerifiedCertificate | undefined,
  crypto: Crypto,
): SignedSighting | Rejection {
  const opened = openStatement("sighting", sightingShape, bytes);
  if (isRejection(opened)) return opened;
  const problem = wordProblem(opened, certificateOf, crypto);
  return problem ?? ({ sighting: opened.body, bytes: opened.envelope.bytes } as SignedSighting);
}

function wordProblem(
  { body, envelope }: OpenedStatement<Vote | Sighting>,
  certificateOf: (agent: AgentId) => VerifiedCertificate | undefined,
  crypto: Crypto,
): Rejection | undefined {
  const { type, observer, subject, swarm } = body;
  const certificate = certificateOf(observer);
  if (certificate === undefined) return reject("unknownAuthor", `${observer} is not known here`);
  if (swarm !== certificate.certificate.swarm) return reject("wrongSwarm", `a ${type} of ${swarm}`);
  if (observer === subject) return reject("malformed", `a ${type} on oneself`);
  return signatureProblem(crypto, envelope, certificate.publicKey, observer);
}

/**
 * Reads a death certificate: votes of distinct observers, sorted, on one incarnation of one subject. Whether
 * the observers are the assigned ones, and enough, is the swarm's to decide: it depends on who else is dead.
 */
export function verifyDeath(
  wire: DeathWire,
  certificateOf: (agent: AgentId) => VerifiedCertificate | undefined,
  crypto: Crypto,
): DeathCertificate | Rejection {
  if (wire.votes.length === 0 || wire.votes.length > deathVotesMax) {
    return reject("malformed", `a death certificate has 1 to ${deathVotesMax} votes`);
  }
  const votes: SignedVote[] = [];
  let last = "";
  for (const bytes of wire.votes) {
    const signed = verifyVote(bytes, certificateOf, crypto);
    if (isRejection(signed)) return signed;
    const { vote } = signed;
    if (vote.subject !== wire.subject || compareIncarnation(vote.incarnation, wire.incarnation) !== 0) {
      return reject("malformed", "a death certificate with a vote on something else");
    }
    if (vote.observer <= last) return reject("notCanonical", "votes must be sorted by observer, one each");
    last = vote.observer;
    votes.push(signed);
  }
  return { subject: wire.subject, incarnation: wire.incarnation, votes };
}
