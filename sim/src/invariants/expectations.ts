import type { Outline, Verdict } from "@antibody/core";
import type { Selecting } from "../faults/selecting.ts";
import type { Publishers } from "../scenarios/publishers.ts";
import type { Expectation } from "../scenarios/scenario.ts";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";
import { bundleLack, generationLack, keptAsLack, phaseLack } from "./policyLacks.ts";
import { activeOf, backLack, strayed } from "./stagedLacks.ts";
import {
  agreeInOutline,
  holdsExactly,
  isDead,
  isLost,
  outlineKey,
  unkept,
  viewKey,
  wrongLosses,
} from "./views.ts";
import type { Told } from "./watching.ts";

/** An agent that lacks what is expected, and what it lacks. */
interface Lack {
  readonly agent: number;
  readonly text: string;
}

/** What an agent holds, as far as all must agree. */
interface View {
  readonly agent: number;
  readonly name: string;
  readonly key: string;
}

/** What the agents of one thread show of an expectation at one moment. Plain JSON. */
export type Glance =
  | { readonly type: "lack"; readonly lack: Lack | undefined }
  /** Of the first agent, and of the first that holds another. */
  | { readonly type: "views"; readonly views: readonly View[] }
  | { readonly type: "falseDeaths"; readonly count: number }
  | { readonly type: "tried"; readonly isTried: boolean };

/**
 * Looks at the agents of one thread for what a scenario says must come true. All are looked at in one moment; one that
 * lacked it at the last look is looked at first, so that waiting costs one inspection a look.
 */
export class Expecting {
  readonly expectation: Expectation;
  readonly #world: World;
  readonly #publishers: Publishers;
  readonly #selecting: Selecting;
  readonly #told: Told;
  #witness = 0;

  constructor(
    expectation: Expectation,
    world: World,
    publishers: Publishers,
    selecting: Selecting,
    told: Told,
  ) {
    this.expectation = expectation;
    this.#world = world;
    this.#publishers = publishers;
    this.#selecting = selecting;
    this.#told = told;
  }

  /**
   * Looks, if its time has begun: undefined where it has not. When it is over, or it is the last look of the run, the
   * first agent that lacks something is found, of all threads.
   */
  look(isLast: boolean): Glance | undefined {
    const { expectation } = this;
    const { fromMs, withinMs } = expectation;
    const nowMs = this.#world.nowUs / 1_000;
    // At the moment itself the agents have not heard of it yet.
    if (nowMs <= fromMs) return undefined;
    if (isLast || nowMs >= fromMs + withinMs || expectation.type === "confined") this.#witness = 0;
    switch (expectation.type) {
      case "noFalseDeath":
        return { type: "falseDeaths", count: this.#told.falseDeaths };
      case "oneView":
        return { type: "views", views: this.#views() };
      case "triedBy":
        return { type: "tried", isTried: this.#isTried(expectation) };
      default:
        return { type: "lack", lack: this.#lack() };
    }
  }

  /** The agents that are asked, the witness first. */
  *#asked(): Generator<readonly [SimAgent, Outline]> {
    const { agents } = this.#world;
    const first = this.#witness;
    for (let offset = 0; offset < agents.length; offset += 1) {
      const agent = agents[(first + offset) % agents.length] as SimAgent;
      if (agent.isPaused || agent.corruption !== undefined || !this.#world.isOwn(agent)) continue;
      const outline = this.#world.outline(agent);
      if (outline !== undefined) yield [agent, outline];
    }
  }

  /** What one agent lacks, or undefined when none lacks anything. */
  #lack(): Lack | undefined {
    const lacks = this.#test();
    for (const [agent, outline] of this.#asked()) {
      const lack = lacks(outline, agent);
      if (lack === undefined) continue;
      this.#witness = agent.index;
      return { agent: agent.index, text: `${agent.name}: ${lack}` };
    }
    return undefined;
  }

  #isTried({ bundle, generation }: Extract<Expectation, { readonly type: "triedBy" }>): boolean {
    const publisher = this.#publishers.of(bundle);
    return this.#world.agents.some((agent) => {
      const outline = this.#world.outline(agent);
      return outline !== undefined && activeOf(outline, publisher) === generation;
    });
  }

  /** A test of one agent after the other, for one moment. */
  #test(): (inspection: Outline, agent: SimAgent) => string | undefined {
    const { expectation } = this;
    switch (expectation.type) {
      case "inForce": {
        const publisher = this.#publishers.of(expectation.bundle);
        return (inspection) => generationLack(inspection, publisher, expectation.generation);
      }
      case "confined": {
        const publisher = this.#publishers.of(expectation.bundle);
        const { generation, waves } = expectation;
        return (inspection, agent) => strayed(inspection, agent, publisher, generation, waves);
      }
      case "backAt": {
        const publisher = this.#publishers.of(expectation.bundle);
        return (inspection) => backLack(inspection, publisher, expectation.generation);
      }
      case "deathsKnown":
        return this.#ended(isDead, "held dead");
      case "lossesKnown":
        return this.#ended(isLost, "held out of reach");
      case "allKept":
        return (inspection) => listed(unkept(inspection));
      case "phase": {
        const { resource, phase, who } = expectation;
        const only = who === undefined ? undefined : new Set(this.#selecting.named(who));
        return (inspection, agent) =>
          only === undefined || only.has(agent) ? phaseLack(inspection, resource, phase) : undefined;
      }
      case "keptAs": {
        const publisher = this.#publishers.of(expectation.bundle);
        return (inspection) => keptAsLack(inspection, publisher, expectation.resource);
      }
      case "heldBack": {
        const publisher = this.#publishers.of(expectation.bundle);
        return (inspection) => bundleLack(inspection, publisher);
      }
      default:
        throw new Error(`${expectation.type} is asked of no single agent`);
    }
  }

  /** Those whose process was ended, and no others, are held as they should be. */
  #ended(isHeld: (verdict: Verdict) => boolean, held: string): (outline: Outline) => string | undefined {
    const ended = this.#world.agents.filter(({ life, isRunning }) => life > 0 && !isRunning);
    const ids = new Set(ended.map(({ id }) => id));
    return (outline) =>
      holdsExactly(outline, ids, isHeld) ? undefined : listed(wrongLosses(outline, ended, isHeld, held));
  }

  #views(): readonly View[] {
    const liars = new Set(
      this.#world.agents.filter(({ corruption }) => corruption !== undefined).map(({ id }) => id),
    );
    let first: [SimAgent, Outline] | undefined;
    for (const [agent, outline] of this.#asked()) {
      first ??= [agent, outline];
      const [one, its] = first;
      if (agent === one) continue;
      const agrees =
        liars.size === 0
          ? agreeInOutline(its, outline)
          : this.#key(one, its, liars) === this.#key(agent, outline, liars);
      if (agrees) continue;
      this.#witness = agent.index;
      const views = [this.#view(one, its, liars), this.#view(agent, outline, liars)];
      return views.sort((left, right) => left.agent - right.agent);
    }
    return first === undefined ? [] : [this.#view(...first, liars)];
  }

  #view(agent: SimAgent, outline: Outline, liars: ReadonlySet<string>): View {
    return { agent: agent.index, name: agent.name, key: this.#key(agent, outline, liars) };
  }

  /** What a liar says of itself need not be the same to all: it is no part of the one view. */
  #key(agent: SimAgent, outline: Outline, liars: ReadonlySet<string>): string {
    if (liars.size === 0) return outlineKey(outline);
    const whole = this.#world.inspect(agent);
    if (whole === undefined) throw new Error(`${agent.name} has an outline and no view`);
    return viewKey(whole, liars);
  }
}

function listed(problems: readonly string[]): string | undefined {
  if (problems.length === 0) return undefined;
  const more = problems.length > 3 ? ` and ${problems.length - 3} more` : "";
  return problems.slice(0, 3).join(", ") + more;
}
