import {
  type DeathCertificate,
  type DeathWire,
  type EvictionWire,
  type HealthRumor,
  type Knowledge,
  type Member,
  type MemberWire,
  type PeerMessage,
  reportingMembers,
  type SignedSighting,
  type SignedVote,
  type VerifiedCharter,
  type VerifiedEviction,
  verifyDeath,
  verifyEviction,
  verifyMember,
  verifySighting,
  verifyVote,
} from "@antibody/core";
import {
  type AuthorId,
  type Crypto,
  concatBytes,
  isRejection,
  type Rejection,
  type RejectionReason,
  type Root,
  toHex,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import { BoundedMap } from "../limiter.ts";
import { recentRootsMax, signaturesKeptMax } from "../limits.ts";
import type { WireMessage, WireRumor } from "./wire.ts";

/**
 * Reasons that say nothing against who sent it: this agent lacks a root or a certificate, or knows more, or the
 * other one runs another version.
 */
const blamelessReasons: ReadonlySet<RejectionReason> = new Set([
  "unknownAuthor",
  "unknownType",
  "olderGeneration",
  "equivocation",
]);

/** Whether a rejection is the sender's fault: it should have checked, or it forged. */
export function isBlameful(rejection: Rejection): boolean {
  return !blamelessReasons.has(rejection.reason);
}

/** What a verifier stands on. */
export interface VerifierOptions {
  readonly crypto: Crypto;
  readonly charter: VerifiedCharter;
  readonly knowledge: Pick<Knowledge, "rootOf" | "newestRoots" | "rootWithDigest" | "certificateOf">;
}

/** What can be refused in a message. */
type ItemKind = "policy" | "member" | "vote" | "death" | "sighting" | "eviction";

/** An item that was refused, and why. */
export interface RefusedItem {
  readonly kind: ItemKind;
  readonly rejection: Rejection;
}

/** A message of which everything is verified that is left of it, and what was refused. */
export interface VerifiedMessage {
  readonly message: PeerMessage;
  readonly refused: readonly RefusedItem[];
}

/** Turns untrusted statements and policy into verified ones. A signature that was seen lately is not checked again. */
export class Verifier {
  readonly #charter: VerifiedCharter;
  readonly #crypto: Crypto;
  readonly #knowledge: VerifierOptions["knowledge"];
  readonly #recentRoots = new BoundedMap<Root>(recentRootsMax);

  constructor(options: VerifierOptions) {
    this.#charter = options.charter;
    this.#knowledge = options.knowledge;
    this.#crypto = rememberSignatures(options.crypto);
  }

  /** A member: its chain and its newest entry. */
  member(wire: MemberWire): Member | Rejection {
    return verifyMember(wire, this.#charter, this.#crypto);
  }

  /** An eviction, signed by who may. */
  eviction(wire: EvictionWire): VerifiedEviction | Rejection {
    return verifyEviction(wire, this.#charter, this.#crypto);
  }

  /** A document of policy, signed as its author's root says. */
  policy(bytes: Uint8Array): VerifiedPolicy | Rejection {
    const rootOf = (author: AuthorId) => this.#rootOf(author);
    // A second root of one number must verify here: it is the proof that holds its author's streams everywhere.
    const rootWithDigest = (author: AuthorId, digest: string) =>
      this.#knowledge.rootWithDigest(author, digest);
    const newestRoots = (author: AuthorId) => this.#knowledge.newestRoots(author);
    const memberOf = reportingMembers(this.#knowledge);
    const trust = { crypto: this.#crypto, rootOf, rootWithDigest, newestRoots, memberOf };
    const policy = verifyPolicy(bytes, trust);
    if (!isRejection(policy) && policy.type === "root") this.#recentRoots.set(policy.author, policy.root);
    return policy;
  }

  /** A message between peers. Items that are refused are left out; a message without items comes as it is. */
  message(wire: WireMessage): VerifiedMessage {
    const refused: RefusedItem[] = [];
    const sift = <Wire, Value>(
      kind: ItemKind,
      wires: readonly Wire[],
      verify: (wire: Wire) => Value | Rejection,
    ): readonly Value[] =>
      wires.flatMap((item): Value[] => {
        const value = verify(item);
        if (!isRejection(value)) return [value];
        refused.push({ kind, rejection: value });
        return [];
      });
    switch (wire.type) {
      case "votes": {
        const votes = sift("vote", wire.votes, (bytes) => this.#vote(bytes));
        return { message: { type: "votes", votes }, refused };
      }
      case "deaths": {
        const deaths = sift("death", wire.deaths, (death) => this.#toldDeath(death));
        return { message: { type: "deaths", deaths }, refused };
      }
      case "items": {
        const members = sift("member", wire.members, (member) => this.member(member));
        const deaths = sift("death", wire.deaths, (death) => this.#toldDeath(death));
        // In their order, roots first: what a root of this message signs can be verified after it.
        const policy = sift("policy", wire.policy, (bytes) => this.policy(bytes));
        if (wire.evictions === undefined) {
          return { message: { type: "items", members, deaths, policy }, refused };
        }
        const evictions = sift("eviction", wire.evictions, (eviction) => this.eviction(eviction));
        return { message: { type: "items", members, deaths, policy, evictions }, refused };
      }
      default:
        return { message: wire, refused };
    }
  }

  /** A rumor, of which everything must verify: what is forwarded has no forgery in it. */
  rumor(wire: WireRumor): HealthRumor | Rejection {
    switch (wire.type) {
      case "members": {
        const members = verifyAll(wire.members, (member) => this.member(member));
        return isRejection(members) ? members : { type: "members", members };
      }
      case "deaths": {
        const deaths = verifyAll(wire.deaths, (death) => this.#death(death));
        return isRejection(deaths) ? deaths : { type: "deaths", deaths };
      }
      case "sightings": {
        const sightings = verifyAll(wire.sightings, (bytes) => this.#sighting(bytes));
        return isRejection(sightings) ? sightings : { type: "sightings", sightings };
      }
      case "evictions": {
        const evictions = verifyAll(wire.evictions, (eviction) => this.eviction(eviction));
        return isRejection(evictions) ? evictions : { type: "evictions", evictions };
      }
      default:
        throw new Error(`unknown rumor ${wire satisfies never}`);
    }
  }

  #vote(bytes: Uint8Array): SignedVote | Rejection {
    return verifyVote(bytes, (agent) => this.#knowledge.certificateOf(agent), this.#crypto);
  }

  #sighting(bytes: Uint8Array): SignedSighting | Rejection {
    return verifySighting(bytes, (agent) => this.#knowledge.certificateOf(agent), this.#crypto);
  }

  #death(wire: DeathWire): DeathCertificate | Rejection {
    return verifyDeath(wire, (agent) => this.#knowledge.certificateOf(agent), this.#crypto);
  }

  /**
   * A death that one peer tells another, by the votes of those who are known here. Whoever came after one of its
   * voters was put out would never learn of it otherwise: the vote of who is out cannot be verified any more.
   */
  #toldDeath(wire: DeathWire): DeathCertificate | Rejection {
    const death = this.#death(wire);
    if (!isUnknown(death)) return death;
    const votes = wire.votes.filter((bytes) => !isUnknown(this.#vote(bytes)));
    return votes.length === 0 ? death : this.#death({ ...wire, votes });
  }

  /** The newest root: of the mind, or one that was verified just now and that the mind has yet to take in. */
  #rootOf(author: AuthorId): Root | undefined {
    const held = this.#knowledge.rootOf(author);
    const recent = this.#recentRoots.get(author);
    if (held === undefined) return recent;
    return recent !== undefined && recent.number > held.number ? recent : held;
  }
}

function isUnknown(verdict: object | Rejection): boolean {
  return isRejection(verdict) && verdict.reason === "unknownAuthor";
}

/** All of them, or the first rejection; one that blames goes before one that does not. */
function verifyAll<Wire, Value>(
  wires: readonly Wire[],
  verify: (wire: Wire) => Value | Rejection,
): readonly Value[] | Rejection {
  const values: Value[] = [];
  let blameless: Rejection | undefined;
  for (const wire of wires) {
    const value = verify(wire);
    if (!isRejection(value)) values.push(value);
    else if (isBlameful(value)) return value;
    else blameless ??= value;
  }
  return blameless ?? values;
}

/**
 * The same statements reach an agent by rumor, by anti-entropy and in every hello: a signature that was good once
 * costs a digest (2 µs) instead of a verification (112 µs, measured).
 */
function rememberSignatures(crypto: Crypto): Crypto {
  const good = new BoundedMap<true>(signaturesKeptMax);
  return {
    sha256: (bytes) => crypto.sha256(bytes),
    verifyEd25519: (publicKey, message, signature) => {
      const name = toHex(crypto.sha256(concatBytes([publicKey, signature, crypto.sha256(message)])));
      if (good.get(name) === true) return true;
      const valid = crypto.verifyEd25519(publicKey, message, signature);
      if (valid) good.set(name, true);
      return valid;
    },
  };
}
