import {
  type DeathCertificate,
  type DeathWire,
  type HealthRumor,
  type Member,
  type MemberWire,
  type PeerMessage,
  type SignedVote,
  type VerifiedCertificate,
  verifyDeath,
  verifyMember,
  verifyVote,
} from "@antibody/core";
import { type AgentId, isRejection, type Rejection, type VerifiedPolicy } from "@antibody/policy";
import { modelCrypto } from "../identity/modelCrypto.ts";
import type { SimAgent } from "./agent.ts";
import { Audit, type OnAudit } from "./audit.ts";
import { PolicyBorder } from "./policyBorder.ts";
import type { Population } from "./populate.ts";

/** A message as exact bytes, of which nothing is verified: what somebody sends who may not be honest. */
export type WireMessage =
  | { readonly type: "votes"; readonly votes: readonly Uint8Array[] }
  | {
      readonly type: "items";
      readonly members: readonly MemberWire[];
      readonly deaths: readonly DeathWire[];
      readonly policy: readonly Uint8Array[];
    };

/** A rumor as exact bytes, of which nothing is verified. */
export type WireRumor =
  | { readonly type: "members"; readonly members: readonly MemberWire[] }
  | { readonly type: "deaths"; readonly deaths: readonly DeathWire[] };

/**
 * The border of every body: what comes as bytes is verified with what the receiver's mind knows, by the same
 * functions as on a device. What honest agents send is verified by construction, and passes as it is. All agents are
 * enrolled before a world begins and know each other's certificates: one verdict on the same bytes is everyone's.
 * An audit takes none of this on trust.
 */
export class Border {
  readonly #population: Population;
  readonly #policy = new PolicyBorder();
  readonly #members = new WeakMap<Uint8Array, Member | Rejection>();
  readonly #votes = new WeakMap<Uint8Array, SignedVote | Rejection>();
  readonly #deaths = new WeakMap<DeathWire, DeathCertificate | Rejection>();
  /** Statements that did not verify. */
  refusedStatements = 0;
  refusedPolicies = 0;
  #audit: Audit | undefined;

  constructor(population: Population) {
    this.#population = population;
  }

  /** From now on every receiver verifies everything anew, whoever sent it. */
  audit(onAudit: OnAudit): Audit {
    this.#audit = new Audit(this.#population.charter, onAudit);
    return this.#audit;
  }

  /** What an honest peer sends. */
  honestMessage(agent: SimAgent, message: PeerMessage): PeerMessage {
    return this.#audit === undefined ? message : this.#audit.message(agent, message);
  }

  /** What an honest peer gossips; undefined where it is not to be heard. */
  honestRumor(agent: SimAgent, rumor: HealthRumor): HealthRumor | undefined {
    return this.#audit === undefined ? rumor : this.#audit.rumor(agent, rumor);
  }

  /** Who says hello; undefined where it is not to be let in. */
  hello(agent: SimAgent, member: Member): Member | undefined {
    return this.#audit === undefined ? member : this.#audit.hello(agent, member);
  }

  /** Verified policy, or undefined where the agent would not take it. */
  policy(agent: SimAgent, bytes: Uint8Array): VerifiedPolicy | undefined {
    const once = this.#policy.verify(agent, bytes);
    const policy = this.#audit === undefined ? once : this.#audit.policy(agent, bytes, once);
    if (policy === undefined) this.refusedPolicies += 1;
    return policy;
  }

  /** A message without the items that are refused. */
  message(agent: SimAgent, wire: WireMessage): PeerMessage {
    const certificateOf = certificatesOf(agent);
    if (wire.type === "votes") {
      return {
        type: "votes",
        votes: this.#sift(wire.votes, (bytes) => this.#vote(agent, bytes, certificateOf)),
      };
    }
    return {
      type: "items",
      members: this.#sift(wire.members, (member) => this.#member(agent, member)),
      deaths: this.#sift(wire.deaths, (death) => this.#death(agent, death, certificateOf)),
      policy: wire.policy.flatMap((bytes) => this.policy(agent, bytes) ?? []),
    };
  }

  /** A rumor of which everything verifies; undefined for any other: gossip does not pass it on. */
  rumor(agent: SimAgent, wire: WireRumor): HealthRumor | undefined {
    if (wire.type === "members") {
      const members = this.#sift(wire.members, (member) => this.#member(agent, member));
      return members.length === wire.members.length ? { type: "members", members } : undefined;
    }
    const certificateOf = certificatesOf(agent);
    const deaths = this.#sift(wire.deaths, (death) => this.#death(agent, death, certificateOf));
    return deaths.length === wire.deaths.length ? { type: "deaths", deaths } : undefined;
  }

  #member(agent: SimAgent, wire: MemberWire): Member | Rejection {
    const once = remembered(this.#members, wire.entry, () =>
      verifyMember(wire, this.#population.charter, modelCrypto),
    );
    return this.#audit === undefined ? once : this.#audit.member(agent, wire, once);
  }

  #vote(agent: SimAgent, bytes: Uint8Array, certificateOf: CertificateOf): SignedVote | Rejection {
    const once = remembered(this.#votes, bytes, () => verifyVote(bytes, certificateOf, modelCrypto));
    return this.#audit === undefined ? once : this.#audit.vote(agent, bytes, once);
  }

  #death(agent: SimAgent, wire: DeathWire, certificateOf: CertificateOf): DeathCertificate | Rejection {
    const once = remembered(this.#deaths, wire, () => verifyDeath(wire, certificateOf, modelCrypto));
    return this.#audit === undefined ? once : this.#audit.death(agent, wire, once);
  }

  #sift<Wire, Value>(
    wires: readonly Wire[],
    verify: (wire: Wire) => Value | Rejection,
  ): readonly Exclude<Value, Rejection>[] {
    return wires.flatMap((wire) => {
      const value = verify(wire);
      if (!isRejection(value)) return [value as Exclude<Value, Rejection>];
      this.refusedStatements += 1;
      return [];
    });
  }
}

type CertificateOf = (of: AgentId) => VerifiedCertificate | undefined;

function certificatesOf(agent: SimAgent): CertificateOf {
  return (of) => agent.mind?.certificateOf(of);
}

function remembered<Key extends object, Value>(
  verdicts: WeakMap<Key, Value>,
  key: Key,
  verify: () => Value,
): Value {
  const known = verdicts.get(key);
  if (known !== undefined) return known;
  const verdict = verify();
  verdicts.set(key, verdict);
  return verdict;
}
