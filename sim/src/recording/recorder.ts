import type { Event } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { Scenario } from "../scenarios/scenario.ts";
import type { Selection, Step } from "../scenarios/step.ts";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";
import { ChangeLog } from "./changeLog.ts";
import { HeldDead } from "./heldDead.ts";
import type { RunObserver } from "./observer.ts";
import { Places } from "./places.ts";
import { type ProcessCode, processCodes, type RecordedStep, type Recording } from "./recording.ts";
import { Sampling } from "./sampling.ts";
import { recordStep } from "./steps.ts";
import { Streams } from "./streams.ts";

/** Changes of one kind that are kept: far above what a scenario makes, and about 100 MB. */
const changesMax = 4_000_000;
/** Steps that are kept: a scenario file may name many. */
const stepsMax = 10_000;

/**
 * Records how a run goes, for the page that shows it. Everything comes from what agents tell, from how the world's
 * processes stand and from its counters: no mind is asked, and a run with a recorder is the run without.
 */
export class Recorder implements RunObserver {
  #open: Open | undefined;
  #recording: Recording | undefined;

  began(world: World, scenario: Pick<Scenario, "title" | "durationMs">): void {
    if (this.#open !== undefined) throw new Error("A recorder records one run");
    this.#open = new Open(world, scenario);
  }

  told(agent: SimAgent, event: Event): void {
    this.#run.told(agent, event);
  }

  stepped(step: Step, drawn: ReadonlyMap<Selection, readonly string[]>): void {
    this.#run.stepped(step, drawn);
  }

  looked(): void {
    this.#run.look();
  }

  ended(): void {
    this.#recording = this.#run.end();
  }

  /** What was recorded; only after the run has ended. */
  get recording(): Recording {
    if (this.#recording === undefined) throw new Error("The run has not ended");
    return this.#recording;
  }

  get #run(): Open {
    if (this.#open === undefined) throw new Error("The run has not begun");
    return this.#open;
  }
}

/** The recording of a run that goes on. */
class Open {
  readonly #world: World;
  readonly #scenario: Pick<Scenario, "title" | "durationMs">;
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #processes: ChangeLog;
  readonly #streams: Streams;
  readonly #whereabouts: ChangeLog;
  readonly #places: Places;
  readonly #heldDead: HeldDead;
  readonly #sampling: Sampling;
  readonly #steps: RecordedStep[] = [];

  constructor(world: World, scenario: Pick<Scenario, "title" | "durationMs">) {
    const count = world.agents.length;
    this.#world = world;
    this.#scenario = scenario;
    this.#indexes = new Map(world.agents.map(({ name, index }) => [name, index]));
    this.#processes = new ChangeLog(count, processCodes.indexOf("absent"), changesMax);
    this.#streams = new Streams(count, changesMax);
    this.#whereabouts = new ChangeLog(count, 0, changesMax);
    this.#places = new Places(count, (name) => this.#indexOf(name));
    this.#heldDead = new HeldDead(count, changesMax);
    this.#sampling = new Sampling(world, scenario.durationMs);
  }

  told(agent: SimAgent, { name, fields }: Event): void {
    switch (name) {
      case "swarm.dead":
      case "swarm.left":
        this.#verdict(agent, fields["peer"], true);
        return;
      case "swarm.returned":
        this.#verdict(agent, fields["peer"], false);
        return;
      case "policy.activated":
        this.#streams.activated(this.#nowMs, agent.index, fields);
        return;
      case "resource.drifted":
        this.#sampling.drifts += 1;
        return;
      case "resource.repaired":
        this.#sampling.repairs += 1;
        return;
      default:
        return;
    }
  }

  stepped(step: Step, drawn: ReadonlyMap<Selection, readonly string[]>): void {
    if (this.#steps.length < stepsMax) {
      const indexOf = (name: string): number => this.#indexOf(name);
      this.#steps.push(recordStep(step, drawn, indexOf, this.#world.agents.length));
    }
    if (this.#places.apply(step, drawn)) {
      this.#places.of.forEach((place, index) => {
        this.#whereabouts.set(this.#nowMs, index, place);
      });
    }
    this.look();
  }

  look(): void {
    for (const agent of this.#world.agents) this.#refresh(agent);
    this.#heldDead.settle(this.#nowMs);
    this.#sampling.look();
  }

  end(): Recording {
    this.look();
    this.#sampling.last();
    return {
      title: this.#scenario.title,
      durationMs: this.#scenario.durationMs,
      names: this.#world.agents.map(({ name }) => name),
      steps: this.#steps,
      streams: this.#streams.recorded(),
      places: this.#places.names,
      processes: this.#processes.changes(),
      whereabouts: this.#whereabouts.changes(),
      ...this.#heldDead.recorded(),
      samples: this.#sampling.samples(),
      gaps: this.#gaps(),
    };
  }

  /** Someone was declared dead, or is held alive again. */
  #verdict(observer: SimAgent, peer: unknown, isDead: boolean): void {
    const subject = this.#world.agentOf(peer as AgentId);
    // What has happened to either since the last look comes first.
    this.#refresh(subject);
    this.#refresh(observer);
    if (isDead) {
      const sinceUs = Math.max(subject.silentSinceUs, observer.runningSinceUs);
      this.#heldDead.hold(this.#nowMs, observer.index, subject.index, (this.#world.nowUs - sinceUs) / 1_000);
    } else this.#heldDead.release(this.#nowMs, observer.index, subject.index);
  }

  /** Notes how an agent's process stands, if that has changed. */
  #refresh(agent: SimAgent): void {
    const code = processOf(agent);
    const number = processCodes.indexOf(code);
    if (this.#processes.current[agent.index] === number) return;
    this.#processes.set(sinceMsOf(agent) ?? this.#nowMs, agent.index, number);
    this.#heldDead.stands(this.#nowMs, agent.index, code);
  }

  #gaps(): readonly string[] {
    const fullMs = Math.min(
      ...[this.#processes, this.#streams, this.#whereabouts, this.#heldDead].map((log) => log.fullSinceMs),
    );
    return [
      ...(fullMs === Number.POSITIVE_INFINITY
        ? []
        : [`More changed than is recorded: from ${fullMs / 1_000} s on the replay is incomplete.`]),
      ...(this.#heldDead.isKept
        ? []
        : ["Who holds whom dead is not recorded for so many agents: it would take too much memory."]),
    ];
  }

  #indexOf(name: string): number {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`${name} is not of this world`);
    return index;
  }

  get #nowMs(): number {
    return Math.floor(this.#world.nowUs / 1_000);
  }
}

/** Since when the process stands as it does, where the world says. */
function sinceMsOf({ runningSinceUs, silentSinceUs }: SimAgent): number | undefined {
  const sinceUs = Math.min(runningSinceUs, silentSinceUs);
  return sinceUs === Number.POSITIVE_INFINITY ? undefined : Math.floor(sinceUs / 1_000);
}

function processOf({ mind, isPaused, life, hasPower }: SimAgent): ProcessCode {
  if (mind !== undefined) return isPaused ? "paused" : "running";
  if (life === 0) return "absent";
  return hasPower ? "killed" : "powerless";
}
