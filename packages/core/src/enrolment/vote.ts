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
  SignedVote,
  VerifiedCertificate,
  Vote,
} from "../contract/statements.ts";
import { compareIncarnation } from "./incarnation.ts";
import { incarnationShape, parsed, type Shape, sequenceShape } from "./shape.ts";
import { openStatement, sealStatement, signatureProblem } from "./statement.ts";

/** Votes in one death certificate: several times any quorum. A guess. */
export const deathVotesMax = 64;

/** A death certificate as it travels: exact bytes, nothing verified. */
export interface DeathWire {
  readonly subject: AgentId;
  readonly incarnation: Incarnation;
  readonly votes: readonly Uint8Array[];
}

const agentShape = parsed((text) => parseId("agent", text), "an agent");

const voteShape: Shape<Vote> = z.strictObject({
  v: z.literal(1),
  type: z.literal("vote"),
  swarm: parsed((text) => parseId("swarm", text), "a swarm"),
  subject: agentShape,
  incarnation: incarnationShape,
  observer: agentShape,
  evidence: z.enum(["refused", "cut", "stalled"]),
  sequence: sequenceShape,
});

/** Signs a vote with its observer's key. Throws on a vote of the wrong shape. */
export function sealVote(vote: Vote, observer: Signer): Uint8Array {
  return sealStatement("vote", voteShape, vote, observer);
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
  const { body: vote, envelope } = opened;
  const certificate = certificateOf(vote.observer);
  if (certificate === undefined) return reject("unknownAuthor", `${vote.observer} is not known here`);
  if (vote.swarm !== certificate.certificate.swarm) return reject("wrongSwarm", `a vote of ${vote.swarm}`);
  if (vote.observer === vote.subject) return reject("malformed", "a vote on oneself");
  const problem = signatureProblem(crypto, envelope, certificate.publicKey, vote.observer);
  return problem ?? ({ vote, bytes: envelope.bytes } as SignedVote);
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
