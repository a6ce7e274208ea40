import { type AgentId, compareText, type SwarmId, toHex } from "@antibody/policy";
import type { EvictionView } from "../../contract/inspection.ts";
import type { Member, VerifiedCertificate, VerifiedEviction } from "../../contract/statements.ts";
import type { Turn } from "../../contract/turn.ts";
import { evictionReasonBytesMax, evictionRecord } from "../../enrolment/eviction.ts";
import { isPlainText } from "../../enrolment/shape.ts";
import { evictionKeepsMax } from "../../limits.ts";
import type { Links } from "../links.ts";
import type { Directory } from "./directory.ts";
import type { Evictions } from "./evictions.ts";

/** What evicting stands on. */
export interface EvictingPorts {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
  readonly certificate: VerifiedCertificate;
  readonly directory: Directory;
  readonly links: Links;
  readonly evictions: Evictions;
}

/** Puts out who is evicted, keeps them out, and asks for the signature under an eviction of this agent's own. */
export class Evicting {
  readonly #ports: EvictingPorts;

  constructor(ports: EvictingPorts) {
    this.#ports = ports;
  }

  /** The eviction because of which this agent itself is out. It goes on healing, and takes no part in the swarm. */
  get ownEviction(): VerifiedEviction | undefined {
    return this.#ports.evictions.standing(this.#ports.certificate.lineage);
  }

  /** Takes evictions from wherever, each verified. Those that are new become durable before anything follows from them. */
  take(evictions: readonly VerifiedEviction[], turn: Turn): readonly VerifiedEviction[] {
    const wasOut = this.ownEviction !== undefined;
    const news = evictions.filter((eviction) => this.#ports.evictions.accept(eviction));
    if (news.length === 0) return news;
    turn.emit({ type: "persist", durability: "sync", records: news.map(evictionRecord) });
    for (const member of this.#ports.directory.members()) {
      const eviction = this.#ports.evictions.standing(member.certificate.lineage);
      if (eviction !== undefined && member.certificate.agent !== this.#ports.agent)
        this.#putOut(member, eviction, turn);
    }
    const own = this.ownEviction;
    if (own !== undefined && !wasOut) tell(this.#ports.certificate, own, turn);
    return news;
  }

  /** Whether a member is not let in. It is told why, over whatever session it still has. */
  turnsAway({ certificate }: Member, turn: Turn): boolean {
    const eviction = this.#ports.evictions.standing(certificate.lineage);
    if (eviction === undefined) return false;
    this.#sendOff(certificate.agent, eviction, turn);
    return true;
  }

  /**
   * Asks for the signature under an eviction of a member, or says why there is none to be had. Whom the member has
   * invited, directly or through others, stays only where it is kept.
   */
  evict(
    {
      agent,
      keeps,
      reason,
    }: { readonly agent: AgentId; readonly keeps: readonly AgentId[]; readonly reason: string },
    turn: Turn,
  ): string | undefined {
    const { certificate, directory, swarm } = this.#ports;
    const subject = agent === this.#ports.agent ? certificate : directory.get(agent)?.certificate;
    if (subject === undefined) return "no member of this swarm has this id";
    if (!subject.lineage.includes(this.#ports.agent)) {
      return `${subject.certificate.name} was not invited by this device, nor by one that it invited`;
    }
    if (keeps.length > evictionKeepsMax) return `at most ${evictionKeepsMax} members can be kept`;
    // What cannot be signed must not be asked to be: signing it would end the agent.
    if (!isPlainText(reason, evictionReasonBytesMax)) {
      return `the reason is no plain text of 1 to ${evictionReasonBytesMax} bytes`;
    }
    turn.emit({
      type: "sign",
      statement: {
        type: "eviction",
        chain: subject.chain,
        eviction: {
          v: 1,
          type: "eviction",
          swarm,
          agent,
          signer: toHex(certificate.publicKey),
          keeps: [...new Set(keeps)].sort(compareText),
          reason,
        },
      },
    });
    return undefined;
  }

  /** An eviction that the owner has signed elsewhere, or that this agent has just signed: taken, and told to everyone. */
  publish(eviction: VerifiedEviction, turn: Turn): void {
    const news = this.take([eviction], turn);
    if (news.length > 0) turn.emit({ type: "publishRumor", rumor: { type: "evictions", evictions: news } });
  }

  views(): readonly EvictionView[] {
    return this.#ports.evictions.list().map(viewOf);
  }

  #putOut({ certificate }: Member, eviction: VerifiedEviction, turn: Turn): void {
    this.#ports.directory.remove(certificate.agent);
    tell(certificate, eviction, turn);
    this.#sendOff(certificate.agent, eviction, turn);
  }

  #sendOff(peer: AgentId, eviction: VerifiedEviction, turn: Turn): void {
    if (!this.#ports.links.has(peer)) return;
    const message = { type: "items", members: [], deaths: [], policy: [], evictions: [eviction] } as const;
    turn.emit({ type: "send", to: peer, message });
    turn.emit({ type: "hangUp", peer });
  }
}

/** An eviction as people see it. */
export function viewOf({ agent, name, by, reason }: VerifiedEviction): EvictionView {
  return { agent, name, by, reason };
}

function tell({ agent, certificate }: VerifiedCertificate, eviction: VerifiedEviction, turn: Turn): void {
  const through = eviction.agent === agent ? "" : `, which takes along whom ${eviction.name} has invited`;
  turn.tell("swarm.evicted", "warn", {
    peer: agent,
    name: certificate.name,
    by: eviction.by,
    reason: eviction.reason,
    evidence: `signed by ${eviction.by === "recovery" ? "the recovery key" : eviction.by}${through}`,
  });
}
