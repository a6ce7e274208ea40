import { isDeepStrictEqual } from "node:util";
import {
  type DeathCertificate,
  type DeathWire,
  type EvictionWire,
  type HealthRumor,
  type Member,
  type MemberWire,
  memberWire,
  type PeerMessage,
  reportingMembers,
  type SignedSighting,
  type SignedVote,
  type VerifiedCertificate,
  type VerifiedCharter,
  type VerifiedEviction,
  verifyDeath,
  verifyEviction,
  verifyMember,
  verifySighting,
  verifyVote,
} from "@antibody/core";
import {
  type AgentId,
  type AuthorId,
  isRejection,
  type Rejection,
  type Root,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import { modelCrypto } from "../identity/modelCrypto.ts";
import type { SimAgent } from "./agent.ts";

/** Hears, once for each agent, where the lane that verifies once took something for what it is not. */
export type OnAudit = (agent: SimAgent, detail: string) => void;

type Items = Extract<PeerMessage, { readonly type: "items" }>;

/**
 * The border as on a device: each receiver verifies all that is signed anew, on every receipt, with what its own mind
 * knows, and goes on with the objects that it made itself. What the lane that verifies once would have given stands
 * beside it, and must be the same.
 */
export class Audit {
  /** Signed things verified anew, a death certificate as one. */
  receipts = 0;
  readonly #charter: VerifiedCharter;
  readonly #onAudit: OnAudit;
  /** Those of whom something was told. */
  readonly #told = new Set<SimAgent>();

  constructor(charter: VerifiedCharter, onAudit: OnAudit) {
    this.#charter = charter;
    this.#onAudit = onAudit;
  }

  member(agent: SimAgent, wire: MemberWire, once: Member | Rejection): Member | Rejection {
    return this.#compare(agent, "a member", once, verifyMember(wire, this.#charter, modelCrypto));
  }

  vote(agent: SimAgent, bytes: Uint8Array, once: SignedVote | Rejection): SignedVote | Rejection {
    return this.#compare(agent, "a vote", once, verifyVote(bytes, certificatesOf(agent), modelCrypto));
  }

  death(agent: SimAgent, wire: DeathWire, once: DeathCertificate | Rejection): DeathCertificate | Rejection {
    return this.#compare(agent, "a death", once, verifyDeath(wire, certificatesOf(agent), modelCrypto));
  }

  /** Policy, by the author's root that the receiver holds. Undefined where it would not take it. */
  policy(agent: SimAgent, bytes: Uint8Array, once: VerifiedPolicy | undefined): VerifiedPolicy | undefined {
    const rootOf = (author: AuthorId): Root | undefined => agent.mind?.rootOf(author);
    const own = verifyPolicy(bytes, { crypto: modelCrypto, rootOf, memberOf: membersOf(agent) });
    if (once === undefined && isRejection(own)) {
      this.receipts += 1;
      return undefined;
    }
    return taken(this.#compare(agent, "policy", once ?? lacking, own));
  }

  /** A message of an honest peer, without what the receiver refuses. */
  message(agent: SimAgent, message: PeerMessage): PeerMessage {
    switch (message.type) {
      case "votes":
        return { ...message, votes: message.votes.flatMap((vote) => this.#carriedVote(agent, vote)) };
      case "deaths":
        return { ...message, deaths: message.deaths.flatMap((death) => this.#carriedDeath(agent, death)) };
      case "items":
        return this.#items(agent, message);
      default:
        return message;
    }
  }

  /** A rumor of an honest peer; undefined where not all of it verifies. */
  rumor(agent: SimAgent, rumor: HealthRumor): HealthRumor | undefined {
    switch (rumor.type) {
      case "members": {
        const members = rumor.members.flatMap((member) => this.#carriedMember(agent, member));
        return members.length === rumor.members.length ? { ...rumor, members } : undefined;
      }
      case "deaths": {
        const deaths = rumor.deaths.flatMap((death) => this.#carriedDeath(agent, death));
        return deaths.length === rumor.deaths.length ? { ...rumor, deaths } : undefined;
      }
      case "sightings": {
        const sightings = rumor.sightings.flatMap((sighting) => this.#carriedSighting(agent, sighting));
        return sightings.length === rumor.sightings.length ? { ...rumor, sightings } : undefined;
      }
      case "evictions": {
        const evictions = rumor.evictions.flatMap((one) => this.#carriedEviction(agent, one));
        return evictions.length === rumor.evictions.length ? { ...rumor, evictions } : undefined;
      }
      default:
        throw new Error(`unknown rumor ${rumor satisfies never}`);
    }
  }

  /** Who says hello; undefined where it does not verify. */
  hello(agent: SimAgent, member: Member): Member | undefined {
    return this.#carriedMember(agent, member)[0];
  }

  #items(agent: SimAgent, message: Items): Items {
    const roots = new Map<AuthorId, Root>();
    const { evictions } = message;
    return {
      ...message,
      members: message.members.flatMap((member) => this.#carriedMember(agent, member)),
      deaths: message.deaths.flatMap((death) => this.#carriedDeath(agent, death)),
      policy: message.policy.flatMap((policy) => this.#carriedPolicy(agent, policy, roots)),
      ...(evictions === undefined
        ? {}
        : { evictions: evictions.flatMap((one) => this.#carriedEviction(agent, one)) }),
    };
  }

  #carriedMember(agent: SimAgent, member: Member): readonly Member[] {
    return list(this.member(agent, memberWire(member), member));
  }

  #carriedVote(agent: SimAgent, vote: SignedVote): readonly SignedVote[] {
    return list(this.vote(agent, vote.bytes, vote));
  }

  #carriedDeath(agent: SimAgent, death: DeathCertificate): readonly DeathCertificate[] {
    const { subject, incarnation, votes } = death;
    return list(this.death(agent, { subject, incarnation, votes: votes.map(({ bytes }) => bytes) }, death));
  }

  #carriedSighting(agent: SimAgent, sighting: SignedSighting): readonly SignedSighting[] {
    const own = verifySighting(sighting.bytes, certificatesOf(agent), modelCrypto);
    return list(this.#compare(agent, "a sighting", sighting, own));
  }

  #carriedEviction(agent: SimAgent, eviction: VerifiedEviction): readonly VerifiedEviction[] {
    const wire: EvictionWire = { chain: eviction.chain, eviction: eviction.bytes };
    const own = verifyEviction(wire, this.#charter, modelCrypto);
    return list(this.#compare(agent, "an eviction", eviction, own));
  }

  /** In the order of the message: what a root of it signs can be verified after it. */
  #carriedPolicy(
    agent: SimAgent,
    policy: VerifiedPolicy,
    roots: Map<AuthorId, Root>,
  ): readonly VerifiedPolicy[] {
    const rootOf = (author: AuthorId): Root | undefined => {
      const held = agent.mind?.rootOf(author);
      const recent = roots.get(author);
      return recent !== undefined && recent.number > (held?.number ?? 0) ? recent : held;
    };
    const own = verifyPolicy(policy.bytes, { crypto: modelCrypto, rootOf, memberOf: membersOf(agent) });
    if (!isRejection(own) && own.type === "root") roots.set(own.author, own.root);
    return list(this.#compare(agent, "policy", policy, own));
  }

  /** What the receiver made of it itself. */
  #compare<Value>(agent: SimAgent, what: string, once: Value | Rejection, own: Value | Rejection) {
    this.receipts += 1;
    const problem = problemOf(once, own);
    if (problem !== undefined && !this.#told.has(agent)) {
      this.#told.add(agent);
      this.#onAudit(agent, `${what} ${problem}`);
    }
    return own;
  }
}

/** Stands for a verdict of which only that it was none is known. */
const lacking: Rejection = { type: "rejection", reason: "malformed", detail: "refused" };

function problemOf(once: unknown, own: unknown): string | undefined {
  const refused = reasonOf(own);
  const was = reasonOf(once);
  if (refused === undefined && was === undefined) {
    return isDeepStrictEqual(own, once) ? undefined : "is another than the one that was verified";
  }
  if (refused === undefined) return `verifies, and was refused: ${was}`;
  if (was === undefined) return `does not verify, and was taken: ${refused}`;
  return refused === was ? undefined : `is refused as ${refused}, and was as ${was}`;
}

function reasonOf(verdict: unknown): string | undefined {
  return isRejection(verdict) ? verdict.reason : undefined;
}

function taken<Value>(verdict: Value | Rejection): Value | undefined {
  return isRejection(verdict) ? undefined : verdict;
}

function list<Value>(verdict: Value | Rejection): readonly Value[] {
  return isRejection(verdict) ? [] : [verdict];
}

function membersOf(agent: SimAgent): ReturnType<typeof reportingMembers> {
  return reportingMembers({ certificateOf: certificatesOf(agent) });
}

function certificatesOf(agent: SimAgent): (of: AgentId) => VerifiedCertificate | undefined {
  return (of) => agent.mind?.certificateOf(of);
}
