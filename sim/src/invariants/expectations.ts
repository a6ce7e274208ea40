import type { Inspection, Outline, Verdict } from "@antibody/core";
import type { Selecting } from "../faults/selecting.ts";
import type { Publishers } from "../scenarios/publishers.ts";
import type { Expectation } from "../scenarios/scenario.ts";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";
import { bundleLack, generationLack, keptAsLack, phaseLack } from "./policyLacks.ts";
import { activeOf, backLack, strayed } from "./stagedLacks.ts";
import { agree, agreeInOutline, holdsExactly, isDead, isLost, unkept, wrongLosses } from "./views.ts";
import type { Told } from "./watching.ts";

/** How an expectation stands. */
export type Standing =
  | { readonly type: "open"; readonly lacking: string }
  | { readonly type: "met"; readonly afterMs: number }
  | { readonly type: "missed"; readonly lacking: string };

/**
 * What a scenario says must come true, looked for until it does or its time is up. All agents are inspected at one
 * moment; one that lacked it at the last look is looked at first, so that waiting costs one inspection a look.
 */
export class Expecting {
  readonly expectation: Expectation;
  /** For people and for milestones: what is expected, and from when. */
  readonly name: string;
  readonly #world: World;
  readonly #publishers: Publishers;
  readonly #selecting: Selecting;
  readonly #told: Told;
  /** False deaths before the time began; undefined until then. */
  #falseDeathsBefore: number | undefined;
  #witness = 0;
  standing: Standing = { type: "open", lacking: "not looked yet" };

  constructor(
    expectation: Expectation,
    world: World,
    publishers: Publishers,
    selecting: Selecting,
    told: Told,
  ) {
    this.expectation = expectation;
    this.name = nameOf(expectation);
    this.#world = world;
    this.#publishers = publishers;
    this.#selecting = selecting;
    this.#told = told;
  }

  /** Looks, if it is open and its time has begun. */
  look(): void {
    const { fromMs, withinMs } = this.expectation;
    const nowMs = this.#world.nowUs / 1_000;
    // At the moment itself the agents have not heard of it yet.
    if (this.standing.type !== "open" || nowMs <= fromMs) return;
    if (this.expectation.type === "confined") {
      const lacking = this.#lacking();
      if (lacking !== undefined) this.standing = { type: "missed", lacking };
      else if (nowMs >= fromMs + withinMs) this.standing = { type: "met", afterMs: withinMs };
      else this.standing = { type: "open", lacking: "its time is not over" };
      return;
    }
    if (this.expectation.type === "noFalseDeath") {
      this.#lookAtDeaths(nowMs >= fromMs + withinMs);
      return;
    }
    const lacking = this.#lacking();
    if (lacking === undefined) this.standing = { type: "met", afterMs: nowMs - fromMs };
    else this.standing = { type: nowMs >= fromMs + withinMs ? "missed" : "open", lacking };
  }

  /** What must hold all the while is met when the time is over, and missed at once. */
  #lookAtDeaths(isOver: boolean): void {
    const { falseDeaths } = this.#told;
    this.#falseDeathsBefore ??= falseDeaths;
    const count = falseDeaths - this.#falseDeathsBefore;
    if (count > 0) {
      this.standing = { type: "missed", lacking: `${count} times an agent declared one dead that lives` };
    } else if (isOver) this.standing = { type: "met", afterMs: this.expectation.withinMs };
    else this.standing = { type: "open", lacking: "its time is not over" };
  }

  /** What one agent lacks, or undefined when none lacks anything. */
  #lacking(): string | undefined {
    const { agents } = this.#world;
    const lacks = this.#test();
    for (let offset = 0; offset < agents.length; offset += 1) {
      const agent = agents[(this.#witness + offset) % agents.length] as SimAgent;
      if (agent.isPaused || agent.corruption !== undefined) continue;
      const inspection = this.#world.outline(agent);
      if (inspection === undefined) continue;
      const lack = lacks(inspection, agent);
      if (lack === undefined) continue;
      this.#witness = agent.index;
      return `${agent.name}: ${lack}`;
    }
    return undefined;
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
      case "triedBy": {
        const publisher = this.#publishers.of(expectation.bundle);
        const { generation } = expectation;
        const isTried = this.#world.agents.some((agent) => {
          const outline = this.#world.outline(agent);
          return outline !== undefined && activeOf(outline, publisher) === generation;
        });
        return () => (isTried ? undefined : `generation ${generation} is in force nowhere`);
      }
      case "backAt": {
        const publisher = this.#publishers.of(expectation.bundle);
        return (inspection) => backLack(inspection, publisher, expectation.generation);
      }
      case "deathsKnown":
        return this.#ended(isDead, "held dead");
      case "lossesKnown":
        return this.#ended(isLost, "held out of reach");
      case "oneView":
        return this.#oneView();
      case "noFalseDeath":
        return () => undefined;
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
        throw new Error(`unknown expectation ${expectation satisfies never}`);
    }
  }

  /** Those whose process was ended, and no others, are held as they should be. */
  #ended(isHeld: (verdict: Verdict) => boolean, held: string): (outline: Outline) => string | undefined {
    const ended = this.#world.agents.filter(({ life, isRunning }) => life > 0 && !isRunning);
    const ids = new Set(ended.map(({ id }) => id));
    return (outline) =>
      holdsExactly(outline, ids, isHeld) ? undefined : listed(wrongLosses(outline, ended, isHeld, held));
  }

  #oneView(): (outline: Outline, agent: SimAgent) => string | undefined {
    const liars = new Set(
      this.#world.agents.filter(({ corruption }) => corruption !== undefined).map(({ id }) => id),
    );
    if (liars.size > 0) return this.#oneViewBut(liars);
    let first: Outline | undefined;
    return (outline) => {
      first ??= outline;
      return agreeInOutline(first, outline) ? undefined : `does not hold the view of ${first.name}`;
    };
  }

  /** What a liar says of itself need not be the same to all: it is no part of the one view. */
  #oneViewBut(liars: ReadonlySet<string>): (outline: Outline, agent: SimAgent) => string | undefined {
    let first: Inspection | undefined;
    return (_, agent) => {
      const whole = this.#world.inspect(agent);
      if (whole === undefined) return undefined;
      const view = { ...whole, members: whole.members.filter((member) => !liars.has(member.agent)) };
      if (first === undefined) first = view;
      else if (!agree(first, view)) return `does not hold the view of ${first.name}`;
      return undefined;
    };
  }
}

/** Such as `deathsKnownMs@20s`, `generation2InForceMs@40s`: the unit is that of its milestone. */
export function nameOf(expectation: Expectation): string {
  return `${whatOf(expectation)}Ms@${expectation.fromMs / 1_000}s`;
}

function whatOf(expectation: Expectation): string {
  switch (expectation.type) {
    case "inForce":
      return `${expectation.bundle ?? ""}generation${expectation.generation}InForce`;
    case "confined":
    case "triedBy":
    case "backAt":
      return `${expectation.bundle ?? ""}generation${expectation.generation}${expectation.type}`;
    case "phase":
      return `${expectation.phase} ${expectation.resource} `;
    case "keptAs":
    case "heldBack":
      return `${expectation.type} ${expectation.bundle} `;
    case "deathsKnown":
    case "lossesKnown":
    case "oneView":
    case "noFalseDeath":
    case "allKept":
      return expectation.type;
    default:
      throw new Error(`unknown expectation ${expectation satisfies never}`);
  }
}

function listed(problems: readonly string[]): string | undefined {
  if (problems.length === 0) return undefined;
  const more = problems.length > 3 ? ` and ${problems.length - 3} more` : "";
  return problems.slice(0, 3).join(", ") + more;
}
