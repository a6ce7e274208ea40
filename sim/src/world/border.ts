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
 * functions as on a device. What honest agents send is verified by construction, and does not come this way. All
 * agents are enrolled before a world begins and know each other's certificates: one verdict on the same bytes is
 * everyone's.
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

  constructor(population: Population) {
    this.#population = population;
  }

  /** Verified policy, or undefined where the agent would not take it. */
  policy(agent: SimAgent, bytes: Uint8Array): VerifiedPolicy | undefined {
    const policy = this.#policy.verify(agent, bytes);
    if (policy === undefined) this.refusedPolicies += 1;
    return policy;
  }

  /** A message without the items that are refused. */
  message(agent: SimAgent, wire: WireMessage): PeerMessage {
    const certificateOf = certificatesOf(agent);
    if (wire.type === "votes") {
      return { type: "votes", votes: this.#sift(wire.votes, (bytes) => this.#vote(bytes, certificateOf)) };
    }
    return {
      type: "items",
      members: this.#sift(wire.members, (member) => this.#member(member)),
      deaths: this.#sift(wire.deaths, (death) => this.#death(death, certificateOf)),
      policy: wire.policy.flatMap((bytes) => this.policy(agent, bytes) ?? []),
    };
  }

  /** A rumor of which everything verifies; undefined for any other: gossip does not pass it on. */
  rumor(agent: SimAgent, wire: WireRumor): HealthRumor | undefined {
    if (wire.type === "members") {
      const members = this.#sift(wire.members, (member) => this.#member(member));
      return members.length === wire.members.length ? { type: "members", members } : undefined;
    }
    const certificateOf = certificatesOf(agent);
    const deaths = this.#sift(wire.deaths, (death) => this.#death(death, certificateOf));
    return deaths.length === wire.deaths.length ? { type: "deaths", deaths } : undefined;
  }

  #member(wire: MemberWire): Member | Rejection {
    return remembered(this.#members, wire.entry, () =>
      verifyMember(wire, this.#population.charter, modelCrypto),
    );
  }

  #vote(bytes: Uint8Array, certificateOf: CertificateOf): SignedVote | Rejection {
    return remembered(this.#votes, bytes, () => verifyVote(bytes, certificateOf, modelCrypto));
  }

  #death(wire: DeathWire, certificateOf: CertificateOf): DeathCertificate | Rejection {
    return remembered(this.#deaths, wire, () => verifyDeath(wire, certificateOf, modelCrypto));
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
