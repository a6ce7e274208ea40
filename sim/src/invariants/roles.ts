import { defaultSettings, durationMs, overlapMs, type Settings, takeoverMs } from "@antibody/core";
import type { ResourceId } from "@antibody/policy";
import type { Scenario } from "../scenarios/scenario.ts";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";
import { Truth } from "./truth.ts";

/** How often the workloads of roles are looked at, in virtual time: a start takes longer than a few of these. */
export const rolesEveryUs = 20_000;
/** From then on a swarm has formed, policy has spread, and roles are held. A guess. */
const formedMs = 15_000;
/** A workload is started or stopped within this, which the bounds name as its own. */
const stopMsDefault = 5_000;

/** A role of a scenario, and a process that goes with it. */
interface Watched {
  readonly role: string;
  readonly count: number;
  readonly workload: ResourceId;
  readonly stopMs: number;
  noneSinceMs: number | undefined;
  overlapSinceMs: number | undefined;
}

/**
 * How long nobody ran what goes with a role, and how long too many did that reach each other: by what runs on the
 * devices, not by what agents say. Both times begin anew with everything that happens to a process or to the network.
 */
export class RoleTimes {
  /** The longest times so far, in milliseconds. */
  noneMsMax = 0;
  overlapMsMax = 0;
  readonly isNeeded: boolean;
  readonly #watched: readonly Watched[];
  readonly #settings: Settings;
  readonly #world: World;
  readonly #truth: Truth;
  /** An agent was paused, or the network changed: peers may have held a living one gone. */
  #hasCause = false;
  /** What was said already. */
  readonly #known = new Set<string>();

  constructor(world: World, scenario: Scenario) {
    this.#world = world;
    this.#truth = new Truth(world);
    this.#settings = { ...defaultSettings, ...scenario.settings };
    this.#watched = watchedOf(scenario);
    this.isNeeded = this.#watched.length > 0;
  }

  /** Looks at all workloads; says, once, what has lasted too long. */
  look(): readonly string[] {
    const { nowMs } = this.#truth;
    const { agents, linksChangedUs } = this.#world;
    this.#hasCause ||= linksChangedUs > 0 || agents.some(({ isPaused }) => isPaused);
    if (nowMs < formedMs) return [];
    const problems = this.#watched.flatMap((one) => [
      ...this.#none(one, nowMs),
      ...this.#overlap(one, nowMs),
    ]);
    const news = problems.filter((problem) => !this.#known.has(problem));
    for (const problem of news) this.#known.add(problem);
    return news;
  }

  #none(one: Watched, nowMs: number): readonly string[] {
    const { agents } = this.#world;
    const isServed =
      agents.some((agent) => runs(agent, one.workload)) ||
      !agents.some((agent) => this.#truth.isAlive(agent));
    one.noneSinceMs = isServed ? undefined : (one.noneSinceMs ?? nowMs);
    if (one.noneSinceMs === undefined) return [];
    const boundMs = takeoverMs(this.#settings);
    const lastedMs = nowMs - Math.max(one.noneSinceMs, this.#disturbedMs());
    this.noneMsMax = Math.max(this.noneMsMax, lastedMs, 1);
    return lastedMs > boundMs ? [`nobody runs ${one.workload} for more than ${boundMs} ms`] : [];
  }

  #overlap(one: Watched, nowMs: number): readonly string[] {
    const running = this.#world.agents.filter(
      (agent) => this.#truth.isAlive(agent) && runs(agent, one.workload),
    );
    const isOver = this.#haveClique(running, [], one.count + 1);
    one.overlapSinceMs = isOver ? (one.overlapSinceMs ?? nowMs) : undefined;
    if (one.overlapSinceMs === undefined) return [];
    const lastedMs = nowMs - Math.max(one.overlapSinceMs, this.#disturbedMs());
    this.overlapMsMax = Math.max(this.overlapMsMax, lastedMs, 1);
    const what = `more than ${one.count} that reach each other run ${one.workload}`;
    if (!this.#hasCause) return [`${what}, and no detector had a reason to err`];
    const boundMs = overlapMs(this.#settings) + one.stopMs;
    return lastedMs > boundMs ? [`${what}, for more than ${boundMs} ms`] : [];
  }

  /** When something happened last to a process or to the network. */
  #disturbedMs(): number {
    const { agents, linksChangedUs } = this.#world;
    const times = agents.flatMap(({ runningSinceUs, silentSinceUs }) => [runningSinceUs, silentSinceUs]);
    return Math.max(linksChangedUs, ...times.filter(Number.isFinite)) / 1_000;
  }

  /** Whether so many of these all reach each other. */
  #haveClique(from: readonly SimAgent[], chosen: readonly SimAgent[], size: number): boolean {
    if (chosen.length === size) return true;
    const { links } = this.#world.network;
    return from.some(
      (agent, index) =>
        chosen.every((other) => links.joins(agent.index, other.index)) &&
        this.#haveClique(from.slice(index + 1), [...chosen, agent], size),
    );
  }
}

/** Whether a workload runs on the device of an agent. */
function runs(agent: SimAgent, workload: ResourceId): boolean {
  return agent.hasPower && agent.device.stateOf(workload)?.["type"] === "running";
}

function watchedOf({ bundles = [] }: Scenario): readonly Watched[] {
  const promises = bundles.flatMap(({ documents }) =>
    documents.flatMap((one) => Object.entries(one.promises)),
  );
  return promises.flatMap(([role, { count, majority }]) => {
    // A leased one has other bounds: see LeaseWatch.
    if (!role.startsWith("role:") || majority !== undefined) return [];
    const workload = promises.find(
      ([resource, promise]) =>
        resource.startsWith("process:") && Array.isArray(promise["while"]) && promise["while"].includes(role),
    );
    if (workload === undefined) return [];
    const { stopTimeout } = workload[1];
    const stopMs = typeof stopTimeout === "string" ? durationMs(stopTimeout) : stopMsDefault;
    const times = { noneSinceMs: undefined, overlapSinceMs: undefined };
    return [{ role, count: Number(count), workload: workload[0] as ResourceId, stopMs, ...times }];
  });
}
