import { durationMs, type LeaseView } from "@antibody/core";
import type { ResourceId } from "@antibody/policy";
import type { Scenario } from "../scenarios/scenario.ts";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";
import { Truth } from "./truth.ts";

/** How often leases are looked at, in virtual time: a round of votes takes longer. */
export const leasesEveryUs = 100_000;
/** What the promises of leased roles give a program to stop in, where they do not say. */
const stopMsDefault = 5_000;
/** The lease of a role that was last seen at an agent. */
interface Seen {
  readonly epoch: number;
  /** In virtual time, as its own clock will show it. */
  readonly untilUs: number;
}

/** A leased role of a scenario, with a process that goes with it. */
interface Leased {
  readonly role: ResourceId;
  readonly workload: ResourceId | undefined;
  readonly stopMs: number;
  /** By the index of the agent, living or not: what a dead one was given counts until its end. */
  readonly seen: Map<number, Seen>;
  /** Who held each epoch. */
  readonly epochs: Map<number, SimAgent>;
}

/**
 * Never do two leases of a role count at one time, by the clocks of those that hold them, also of one that is paused or
 * was killed; no epoch has two holders; and an agent that is awake runs the workload by a lease alone.
 */
export class LeaseWatch {
  readonly isNeeded: boolean;
  readonly #world: World;
  readonly #truth: Truth;
  readonly #leased: readonly Leased[];
  readonly #known = new Set<string>();

  constructor(world: World, scenario: Scenario) {
    this.#world = world;
    this.#truth = new Truth(world);
    this.#leased = leasedOf(scenario);
    this.isNeeded = this.#leased.length > 0;
  }

  /** How many leases there have been, of all roles. */
  get epochCount(): number {
    return this.#leased.reduce((sum, { epochs }) => sum + epochs.size, 0);
  }

  /** Whether each role has a holder now. */
  get areHeld(): boolean {
    return this.#leased.every((leased) => this.#counting(leased).length > 0);
  }

  /** Looks at all leases; says, once, what must not be. */
  look(): readonly string[] {
    const problems = this.#leased.flatMap((leased) => {
      for (const agent of this.#world.agents) this.#note(leased, agent);
      return [...this.#two(leased), ...this.#unleased(leased)];
    });
    const news = problems.filter((problem) => !this.#known.has(problem));
    for (const problem of news) this.#known.add(problem);
    return news;
  }

  #note(leased: Leased, agent: SimAgent): void {
    if (agent.mind === undefined) return;
    const lease = this.#leaseOf(leased.role, agent);
    if (lease?.untilMs === undefined) {
      leased.seen.delete(agent.index);
      return;
    }
    leased.seen.set(agent.index, { epoch: lease.epoch, untilUs: agent.clock.whenUs(lease.untilMs) });
  }

  #leaseOf(role: ResourceId, agent: SimAgent): LeaseView | undefined {
    const inspection = this.#world.inspect(agent);
    return inspection?.roles?.find(({ resource }) => resource === role)?.lease;
  }

  #counting({ seen }: Leased): readonly (readonly [SimAgent, Seen])[] {
    return [...seen].flatMap(([index, one]) =>
      one.untilUs > this.#world.nowUs ? [[this.#world.at(index), one] as const] : [],
    );
  }

  #two(leased: Leased): readonly string[] {
    const counting = this.#counting(leased);
    const problems: string[] = [];
    for (const [agent, { epoch }] of counting) {
      const holder = leased.epochs.get(epoch) ?? agent;
      leased.epochs.set(epoch, holder);
      if (holder !== agent)
        problems.push(`epoch ${epoch} of ${leased.role} was held by ${holder.name} and by ${agent.name}`);
    }
    const names = counting.map(([{ name }]) => name).sort();
    if (names.length > 1) problems.push(`two leases of ${leased.role} at one time: ${names.join(" and ")}`);
    return problems;
  }

  /** Who has been awake for long enough to stop it runs the workload by its own lease alone. */
  #unleased(leased: Leased): readonly string[] {
    const { workload, stopMs, seen } = leased;
    if (workload === undefined) return [];
    return this.#world.agents.flatMap((agent) => {
      const runs = agent.hasPower && agent.device.stateOf(workload)?.["type"] === "running";
      if (!runs || !this.#truth.isAlive(agent)) return [];
      const awakeMs = this.#truth.nowMs - agent.runningSinceUs / 1_000;
      const counts = (seen.get(agent.index)?.untilUs ?? 0) > this.#world.nowUs;
      return awakeMs <= stopMs || counts ? [] : [`${agent.name} runs ${workload} without a lease`];
    });
  }
}

function leasedOf({ bundles = [] }: Scenario): readonly Leased[] {
  const promises = bundles.flatMap(({ documents }) =>
    documents.flatMap((one) => Object.entries(one.promises)),
  );
  return promises.flatMap(([role, { majority }]): Leased[] => {
    if (!role.startsWith("role:") || majority === undefined) return [];
    const workload = promises.find(
      ([resource, promise]) =>
        resource.startsWith("process:") && Array.isArray(promise["while"]) && promise["while"].includes(role),
    );
    const stopTimeout = workload?.[1]["stopTimeout"];
    const stopMs = typeof stopTimeout === "string" ? durationMs(stopTimeout) : stopMsDefault;
    return [
      {
        role: role as ResourceId,
        workload: workload?.[0] as ResourceId | undefined,
        stopMs,
        seen: new Map(),
        epochs: new Map(),
      },
    ];
  });
}
