import { throughout } from "../recording/milestones.ts";
import type { Expectation } from "../scenarios/scenario.ts";
import type { Glance } from "./expectations.ts";

/** How an expectation stands. */
export type Standing =
  | { readonly type: "open"; readonly lacking: string }
  | { readonly type: "met"; readonly afterMs: number }
  | { readonly type: "missed"; readonly lacking: string };

/** Hears what was not met. */
type OnMissed = (name: string, detail: string, atMs: number) => void;

/** What a scenario says must come true, judged by what the agents of all threads show. */
export class Awaiting {
  /** For people and for milestones: what is expected, and from when. */
  readonly name: string;
  readonly expectation: Expectation;
  standing: Standing = { type: "open", lacking: "not looked yet" };
  readonly #onMissed: OnMissed;
  /** False deaths before the time began; undefined until then. */
  #falseDeathsBefore: number | undefined;

  constructor(expectation: Expectation, onMissed: OnMissed) {
    this.expectation = expectation;
    this.name = nameOf(expectation);
    this.#onMissed = onMissed;
  }

  /** What the agents of each thread show at one moment. */
  judge(nowMs: number, glances: readonly Glance[]): void {
    if (this.standing.type !== "open") return;
    this.standing = this.#standingBy(nowMs, glances);
    if (this.standing.type === "missed") this.#miss(this.standing.lacking, nowMs);
  }

  /** The run is over: what has not come true is missed. */
  end(nowMs: number): void {
    if (this.standing.type === "open") this.#miss(this.standing.lacking, nowMs);
  }

  #standingBy(nowMs: number, glances: readonly Glance[]): Standing {
    const { type, fromMs, withinMs } = this.expectation;
    const isOver = nowMs >= fromMs + withinMs;
    const lacking = this.#lackingIn(glances);
    // What must hold all the while is met when the time is over, and missed at once.
    if (throughout.includes(type)) {
      if (lacking !== undefined) return { type: "missed", lacking };
      return isOver ? { type: "met", afterMs: withinMs } : { type: "open", lacking: "its time is not over" };
    }
    if (lacking === undefined) return { type: "met", afterMs: nowMs - fromMs };
    return { type: isOver ? "missed" : "open", lacking };
  }

  #lackingIn(glances: readonly Glance[]): string | undefined {
    const lacks = glances.flatMap((glance) =>
      glance.type === "lack" && glance.lack !== undefined ? [glance.lack] : [],
    );
    if (lacks.length > 0) return lacks.reduce((first, one) => (one.agent < first.agent ? one : first)).text;
    const views = glances
      .flatMap((glance) => (glance.type === "views" ? glance.views : []))
      .sort((left, right) => left.agent - right.agent);
    const other = views.find(({ key }) => key !== views[0]?.key);
    if (other !== undefined) return `${other.name}: does not hold the view of ${views[0]?.name}`;
    const tried = glances.filter((glance) => glance.type === "tried");
    if (tried.length > 0 && !tried.some(({ isTried }) => isTried)) return "it is in force nowhere";
    return this.#falselyDead(
      glances.flatMap((glance) => (glance.type === "falseDeaths" ? [glance.count] : [])),
    );
  }

  #falselyDead(counts: readonly number[]): string | undefined {
    const falseDeaths = counts.reduce((sum, one) => sum + one, 0);
    this.#falseDeathsBefore ??= falseDeaths;
    const count = falseDeaths - this.#falseDeathsBefore;
    return count > 0 ? `${count} times an agent declared one dead that lives` : undefined;
  }

  #miss(lacking: string, nowMs: number): void {
    const { type, withinMs } = this.expectation;
    const detail = type === "noFalseDeath" ? lacking : `not within ${withinMs} ms: ${lacking}`;
    this.#onMissed(this.name, detail, nowMs);
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
