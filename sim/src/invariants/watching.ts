import type { Event } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import { Latencies } from "../measuring/latencies.ts";
import type { Publishers } from "../scenarios/publishers.ts";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";
import { overfullQueues } from "./boundedQueues.ts";
import { falseDeathMsMax, falseDeaths } from "./falseDeath.ts";
import { loneVotes } from "./loneVotes.ts";
import { PolicyInvariants } from "./policy.ts";
import { TakenBack } from "./takenBack.ts";
import { Truth, type Violation } from "./truth.ts";

/** Violations kept in a report; the rest are counted. */
export const violationsKeptMax = 100;
/** Looks that wait for their time at once, so that a storm of false deaths does not become one of looks. */
const pendingLooksMax = 100_000;

/** What agents told, counted. */
export interface Told {
  deaths: number;
  falseDeaths: number;
  suspicions: number;
  refutations: number;
  repairs: number;
}

/** A look at one agent that is due at a time. */
export interface Look {
  readonly agent: SimAgent;
}

/**
 * Checks the invariants that hold in every scenario, through `outline` alone: on every agent again and again, and,
 * where an agent declares a living peer dead, when the time is over that such an error may last.
 */
export class Watching {
  readonly told: Told = { deaths: 0, falseDeaths: 0, suspicions: 0, refutations: 0, repairs: 0 };
  /** From the end of a process, or the observer's start where that is later, to each true verdict of its death. */
  readonly detections: Latencies = new Latencies();
  readonly violations: Violation[] = [];
  violationCount = 0;
  inspections = 0;
  readonly #world: World;
  readonly #truth: Truth;
  readonly #policy: PolicyInvariants;
  readonly #publishers: Publishers;
  readonly #takenBack: TakenBack;
  readonly #lookAfter: (delayMs: number, look: Look) => void;
  readonly #pending = new Set<SimAgent>();
  /** When an observer declared a subject dead whose process was there, by pair. */
  readonly #declaredMs = new Map<number, number>();
  /** Invariant and agent that are violated already: told once. */
  readonly #known = new Set<string>();

  constructor(world: World, publishers: Publishers, lookAfter: (delayMs: number, look: Look) => void) {
    this.#world = world;
    this.#truth = new Truth(world);
    this.#takenBack = new TakenBack(world.agents.length);
    this.#policy = new PolicyInvariants(publishers);
    this.#publishers = publishers;
    this.#lookAfter = lookAfter;
  }

  /** An agent has told an event. */
  hear(agent: SimAgent, { name, fields }: Event): void {
    switch (name) {
      case "swarm.dead":
        this.#hearDeath(agent, fields["peer"], fields["incarnation"]);
        return;
      case "swarm.suspected":
        this.told.suspicions += 1;
        return;
      case "swarm.refuted":
        // Told by the subject, and by everyone who had held it lost.
        if (fields["peer"] === agent.id) this.told.refutations += 1;
        return;
      case "resource.repaired":
        this.told.repairs += 1;
        return;
      case "policy.proven":
        this.#policy.proven(agent, keyOf(fields), Number(fields["generation"]));
        return;
      case "policy.rolledBack": {
        const generation = Number(fields["generation"]);
        const publisher = this.#publishers.by(String(fields["author"]));
        const isStaged = publisher?.stagingOf(generation) !== undefined;
        this.#policy.rolledBack(agent, keyOf(fields), generation, isStaged);
        return;
      }
      default:
        return;
    }
  }

  /** Something happened after which living peers may be held dead that must not stay so: a return, a heal. */
  lookAtAllSoon(): void {
    for (const agent of this.#world.agents) if (this.#world.isOwn(agent)) this.#lookSoon(agent);
  }

  powerLost(agent: SimAgent): void {
    this.#policy.powerLost(agent);
  }

  /** A look that was asked for is due. */
  due({ agent }: Look): void {
    this.#pending.delete(agent);
    this.look(agent);
  }

  /** Inspects one agent, if it runs. */
  look(agent: SimAgent): void {
    if (!this.#truth.isAlive(agent) || !this.#truth.isHonest(agent)) return;
    const inspection = this.#world.outline(agent);
    if (inspection === undefined) return;
    this.inspections += 1;
    const agentOf = this.#world.agentOf.bind(this.#world);
    this.#report("policy", agent, this.#policy.look(agent, inspection));
    const declaredMs = (subject: SimAgent): number =>
      this.#declaredMs.get(this.#pair(agent, subject)) ?? Number.NEGATIVE_INFINITY;
    this.#report("falseDeath", agent, falseDeaths(agent, inspection, agentOf, declaredMs, this.#truth));
    this.#report("loneVotes", agent, loneVotes(inspection));
    this.#report("boundedQueues", agent, overfullQueues(inspection));
  }

  /** Something did not hold that is about no single agent. */
  violated(invariant: string, detail: string, atMs: number = this.#truth.nowMs): void {
    this.#add({ invariant, atMs, detail });
  }

  #hearDeath(agent: SimAgent, peer: unknown, incarnation: unknown): void {
    const subject = this.#world.agentOf(peer as AgentId);
    if (!this.#truth.isHonest(agent) || !this.#truth.isHonest(subject)) return;
    this.#report("takenBack", agent, this.#takenBack.hear(agent, subject, String(incarnation)));
    if (!subject.isRunning) {
      this.told.deaths += 1;
      const sinceUs = Math.max(subject.silentSinceUs, agent.runningSinceUs);
      this.detections.add((this.#world.nowUs - sinceUs) / 1_000);
      return;
    }
    this.told.falseDeaths += 1;
    this.#declaredMs.set(this.#pair(agent, subject), this.#truth.nowMs);
    this.#lookSoon(agent);
  }

  #pair(observer: SimAgent, subject: SimAgent): number {
    return observer.index * this.#world.agents.length + subject.index;
  }

  #lookSoon(agent: SimAgent): void {
    if (this.#pending.has(agent) || this.#pending.size >= pendingLooksMax) return;
    this.#pending.add(agent);
    this.#lookAfter(falseDeathMsMax + 1, { agent });
  }

  #report(invariant: string, agent: SimAgent, problems: readonly string[]): void {
    const [first] = problems;
    if (first === undefined) return;
    const key = `${invariant} ${agent.index}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
    this.#add({ invariant, agent: agent.name, atMs: this.#truth.nowMs, detail: first + more });
  }

  #add(violation: Violation): void {
    this.violationCount += 1;
    if (this.violations.length < violationsKeptMax) this.violations.push(violation);
  }
}

/** The stream that an event is about. */
function keyOf(fields: Event["fields"]): string {
  return `${String(fields["author"])}/${String(fields["stream"])}`;
}
