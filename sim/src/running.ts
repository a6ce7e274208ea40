import { defaultSettings, type Event } from "@antibody/core";
import { defaultTimes } from "./device/times.ts";
import { kinds } from "./engine/kinds.ts";
import { doStep, startAgent } from "./faults/faults.ts";
import { Selecting } from "./faults/selecting.ts";
import type { Stage } from "./faults/stage.ts";
import { Streams } from "./faults/streams.ts";
import { Awaiting } from "./invariants/awaiting.ts";
import { Expecting, type Glance } from "./invariants/expectations.ts";
import { LeaseWatch, leasesEveryUs } from "./invariants/leases.ts";
import { RoleTimes, rolesEveryUs } from "./invariants/roles.ts";
import { type Look, Watching } from "./invariants/watching.ts";
import { Figures } from "./measuring/figures.ts";
import { localLinks } from "./network/links.ts";
import { outcomeOf, type ShareOutcome } from "./outcome.ts";
import type { RunObserver } from "./recording/observer.ts";
import { Publishers } from "./scenarios/publishers.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import type { Selection, Step } from "./scenarios/step.ts";
import { type Share, wholeShare } from "./threads/share.ts";
import type { CreateMind, SimAgent } from "./world/agent.ts";
import { populate } from "./world/populate.ts";
import { World } from "./world/world.ts";

/** How often open expectations are looked at, in virtual time: the resolution of milestones. */
const expectEveryUs = 100_000;
/** How often every agent is inspected, in virtual time: large swarms less often, so that looking stays cheap. */
const sampleEveryUsMin = 2_000_000;
const sampleEveryUsPerAgent = 10_000;

/** What the world's own events carry. */
type Due =
  | { readonly type: "start"; readonly agent: SimAgent }
  | { readonly type: "step"; readonly step: Step }
  | { readonly type: "later"; readonly run: () => void }
  | { readonly type: "look"; readonly look: Look }
  | { readonly type: "sample"; readonly index: number }
  | { readonly type: "roles" }
  | { readonly type: "leases" }
  | { readonly type: "expect" };

/** What one thread of several is given beside the scenario. */
export interface RunPart {
  readonly share: Share;
  /** By expectation: 1 when it is settled, and nobody needs to look any more. All threads have one. */
  readonly settled: Int32Array;
  /** Takes what the agents of this thread show of each expectation; undefined where its time has not begun. */
  onGlances(nowMs: number, glances: readonly (Glance | undefined)[]): void;
}

/** One run of a scenario, or the part of one thread: the world, what happens to it, and who watches. */
export class Running {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly world: World;
  readonly watching: Watching;
  readonly awaiting: readonly Awaiting[];
  readonly #expecting: readonly Expecting[];
  readonly #part: RunPart;
  readonly roles: RoleTimes;
  readonly leases: LeaseWatch;
  readonly #figures: Figures;
  readonly #stage: Stage;
  readonly #observer: RunObserver | undefined;
  readonly #endUs: number;
  readonly #sampleEveryUs: number;

  constructor(
    scenario: Scenario,
    agents: number,
    seed: number,
    createMind: CreateMind,
    onTold?: (agent: SimAgent, event: Event) => void,
    observer?: RunObserver,
    part?: RunPart,
  ) {
    this.#part = part ?? {
      share: wholeShare,
      settled: new Int32Array(scenario.expectations.length),
      onGlances: (nowMs, glances) => this.judge(nowMs, [glances]),
    };
    this.scenario = scenario;
    this.seed = seed;
    this.#observer = observer;
    const population = populate(
      agents,
      seed,
      { ...defaultSettings, ...scenario.settings },
      { ...defaultTimes, ...scenario.devices },
      scenario.kinds,
    );
    const ids = new Map(population.agents.map(({ name, id }) => [name, id]));
    const publishers = new Publishers(scenario.bundles ?? [], seed, ids);
    this.world = new World(population, {
      seed,
      links: { ...localLinks, ...scenario.links },
      createMind,
      share: this.#part.share,
      onTold: (agent, event) => {
        this.watching.hear(agent, event);
        onTold?.(agent, event);
        observer?.told(agent, event);
      },
      onReplied: (agent, { result }) => {
        if (result.type === "refused") throw new Error(`${agent.name} refused its owner: ${result.message}`);
      },
      onDue: (_kind, payload) => this.#due(payload as Due),
    });
    this.watching = new Watching(this.world, publishers, (delayMs, look) =>
      this.#check(this.world.nowUs + delayMs * 1_000, { type: "look", look }),
    );
    this.roles = new RoleTimes(this.world, scenario);
    this.leases = new LeaseWatch(this.world, scenario);
    this.#figures = new Figures(this.world);
    this.#stage = this.#createStage(publishers);
    const { selecting } = this.#stage;
    this.awaiting = scenario.expectations.map(
      (one) => new Awaiting(one, (name, detail, atMs) => this.watching.violated(name, detail, atMs)),
    );
    this.#expecting = scenario.expectations.map(
      (one) => new Expecting(one, this.world, publishers, selecting, this.watching.told),
    );
    this.#endUs = scenario.durationMs * 1_000;
    this.#sampleEveryUs = Math.max(sampleEveryUsMin, agents * sampleEveryUsPerAgent);
    this.#schedule(scenario.startSpreadMs * 1_000);
    observer?.began(this.world, scenario);
  }

  get simulatedMs(): number {
    return this.world.nowUs / 1_000;
  }

  /** Whom each selection of the steps came to mean so far, by the very object. */
  get drawn(): ReadonlyMap<Selection, readonly string[]> {
    return this.#stage.selecting.drawn;
  }

  /** Runs so many events; true when the scenario is over, or the time to which it was to run has come. */
  advance(eventsMax: number, untilMs: number = Number.POSITIVE_INFINITY): boolean {
    return this.world.run(Math.min(this.#endUs, untilMs * 1_000), eventsMax);
  }

  /** What it all came to, once the run is over. */
  outcome(): ShareOutcome {
    return outcomeOf(this.world, this.watching, this.#figures.end());
  }

  /** The last look at everyone, and at what has still not come true. */
  finish(): void {
    this.lookLast();
    this.end();
  }

  lookLast(): void {
    for (const agent of this.world.agents) this.watching.look(agent);
    this.#glance(true);
  }

  /** What has not come true by now is missed. */
  end(): void {
    for (const awaiting of this.awaiting) awaiting.end(this.simulatedMs);
    this.#observer?.ended();
  }

  /** Judges what was seen at one moment: by thread, by expectation. */
  judge(nowMs: number, shares: readonly (readonly (Glance | undefined)[])[]): void {
    for (const [index, awaiting] of this.awaiting.entries()) {
      const glances = shares.flatMap((share) => share[index] ?? []);
      if (glances.length < shares.length) continue;
      awaiting.judge(nowMs, glances);
      if (awaiting.standing.type !== "open") this.#part.settled[index] = 1;
    }
  }

  /** What faults work with: what they draw comes from streams of their own. */
  #createStage(publishers: Publishers): Stage {
    return {
      world: this.world,
      publishers,
      selecting: new Selecting(this.world.agents, this.seed),
      streams: new Streams(this.seed),
      after: (delayMs, run) => {
        const atUs = this.world.nowUs + delayMs * 1_000;
        if (atUs <= this.#endUs) this.world.schedule(atUs, kinds.fault, { type: "later", run } satisfies Due);
      },
      look: (agent) => this.watching.look(agent),
      returned: () => this.watching.lookAtAllSoon(),
      powerLost: (agent) => this.watching.powerLost(agent),
    };
  }

  #schedule(startSpreadUs: number): void {
    const { agents } = this.world;
    for (const agent of agents) {
      const atUs = Math.floor((agent.index * startSpreadUs) / agents.length);
      this.world.schedule(atUs, kinds.fault, { type: "start", agent } satisfies Due);
      if (!this.world.isOwn(agent)) continue;
      const sampleUs = this.#sampleEveryUs + Math.floor((agent.index * this.#sampleEveryUs) / agents.length);
      this.#check(sampleUs, { type: "sample", index: agent.index });
    }
    for (const step of this.scenario.steps) {
      this.world.schedule(step.atMs * 1_000, kinds.fault, { type: "step", step } satisfies Due);
    }
    this.#check(expectEveryUs, { type: "expect" });
    if (this.roles.isNeeded) this.#check(rolesEveryUs, { type: "roles" });
    if (this.leases.isNeeded) this.#check(leasesEveryUs, { type: "leases" });
  }

  #check(atUs: number, due: Due): void {
    this.world.schedule(Math.ceil(atUs), kinds.check, due);
  }

  #due(due: Due): void {
    switch (due.type) {
      case "start":
        startAgent(this.#stage, due.agent);
        return;
      case "step":
        this.#figures.beforeStep();
        doStep(this.#stage, due.step);
        this.#observer?.stepped(due.step, this.drawn);
        return;
      case "later":
        due.run();
        return;
      case "look":
        this.watching.due(due.look);
        return;
      case "sample":
        this.watching.look(this.world.at(due.index));
        this.#check(this.world.nowUs + this.#sampleEveryUs, due);
        return;
      case "roles":
        for (const problem of this.roles.look()) this.watching.violated("roles", problem);
        this.#check(this.world.nowUs + rolesEveryUs, due);
        return;
      case "leases":
        for (const problem of this.leases.look()) this.watching.violated("leases", problem);
        this.#check(this.world.nowUs + leasesEveryUs, due);
        return;
      case "expect":
        this.#glance(false);
        this.#figures.looked();
        this.#observer?.looked();
        this.#check(this.world.nowUs + expectEveryUs, due);
        return;
      default:
        throw new Error(`unknown event of the world ${due satisfies never}`);
    }
  }

  #glance(isLast: boolean): void {
    const { settled, onGlances } = this.#part;
    const glances = this.#expecting.map((one, index) =>
      settled[index] === 1 ? undefined : one.look(isLast),
    );
    if (glances.some((glance) => glance !== undefined)) onGlances(this.simulatedMs, glances);
  }
}
