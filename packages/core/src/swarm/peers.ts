import { type AgentId, compareText } from "@antibody/policy";
import type { PeersGlance, Verdict } from "../contract/inspection.ts";
import { glanceNamesMax } from "../limits.ts";
import { verdictOn } from "./inspect.ts";
import type { SwarmParts } from "./parts.ts";

/** Verdicts on who should be there, and is not. */
const missed: readonly Verdict[] = ["suspected", "unreachable", "stalled", "dead"];

/** Who is there, for the other parts of a mind: they ask, and change nothing. */
export class Peers {
  readonly #parts: SwarmParts;

  constructor(parts: SwarmParts) {
    this.#parts = parts;
  }

  verdictOf(agent: AgentId): Verdict {
    const { own } = this.#parts;
    if (agent !== this.#parts.agent) return verdictOn(this.#parts, agent);
    return own.isLeaving ? "left" : own.isAway ? "away" : "reachable";
  }

  /** This agent itself was put out of the swarm. */
  get isOut(): boolean {
    return this.#parts.evicting.ownEviction !== undefined;
  }

  /** This agent has said that it is away. */
  get isAway(): boolean {
    return this.#parts.own.isAway;
  }

  /** Most of what this agent observes is silent: the fault is its own. */
  get isCutOff(): boolean {
    return this.#parts.probing.findings.cutOff;
  }

  /** How the swarm looks just now, for whoever asks later. */
  glance(): PeersGlance {
    const others = this.#parts.directory
      .members()
      .filter(({ certificate }) => certificate.agent !== this.#parts.agent)
      .map(({ certificate: { agent, certificate } }) => ({
        name: certificate.name,
        verdict: this.verdictOf(agent),
      }));
    const missing = others.filter(({ verdict }) => missed.includes(verdict)).map(({ name }) => name);
    return {
      cutOff: this.isCutOff,
      reachable: others.filter(({ verdict }) => verdict === "reachable").length,
      missing: missing.sort(compareText).slice(0, glanceNamesMax),
    };
  }

  get memberCount(): number {
    return this.#parts.directory.size;
  }

  get evictedCount(): number {
    return this.#parts.evictions.size;
  }

  /** Whether an agent is enrolled and was not put out. */
  isMember(agent: AgentId): boolean {
    if (agent === this.#parts.agent) return !this.isOut;
    const certificate = this.#parts.directory.get(agent)?.certificate;
    return certificate !== undefined && this.#parts.evictions.standing(certificate.lineage) === undefined;
  }

  /** What a member is called; undefined for who is none. */
  nameOf(agent: AgentId): string | undefined {
    return this.#parts.directory.get(agent)?.certificate.certificate.name;
  }

  /** Peers that live as far as this agent knows, with what they announce: nobody has found them out of reach. */
  living(): readonly {
    readonly agent: AgentId;
    readonly isSure: boolean;
    readonly capabilities: readonly string[];
  }[] {
    const living = [];
    for (const { certificate, entry } of this.#parts.directory.members()) {
      const { agent } = certificate;
      const verdict = agent === this.#parts.agent ? undefined : this.verdictOf(agent);
      if (verdict !== "reachable" && verdict !== "suspected") continue;
      living.push({ agent, isSure: verdict === "reachable", capabilities: entry.entry.capabilities });
    }
    return living;
  }

  /** Who lives as far as this agent knows, itself included. */
  livingAgents(): readonly AgentId[] {
    return [this.#parts.agent, ...this.living().map(({ agent }) => agent)];
  }

  /** Reachable peers that announce a capability, in order of agents. */
  providersOf(capability: string): AgentId[] {
    return this.#parts.directory
      .members()
      .filter(({ entry }) => entry.entry.capabilities.includes(capability))
      .map(({ certificate }) => certificate.agent)
      .filter((agent) => agent !== this.#parts.agent && this.verdictOf(agent) === "reachable");
  }
}
