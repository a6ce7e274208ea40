import type { Inspection } from "@antibody/core";
import type { Publisher } from "../scenarios/publisher.ts";
import type { Expectation } from "../scenarios/scenario.ts";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";
import { agree, unkept, wrongDeaths } from "./views.ts";

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
  readonly #publisher: Publisher | undefined;
  #witness = 0;
  standing: Standing = { type: "open", lacking: "not looked yet" };

  constructor(expectation: Expectation, world: World, publisher: Publisher | undefined) {
    this.expectation = expectation;
    this.name = nameOf(expectation);
    this.#world = world;
    this.#publisher = publisher;
  }

  /** Looks, if it is open and its time has begun. */
  look(): void {
    const { fromMs, withinMs } = this.expectation;
    const nowMs = this.#world.nowUs / 1_000;
    // At the moment itself the agents have not heard of it yet.
    if (this.standing.type !== "open" || nowMs <= fromMs) return;
    const lacking = this.#lacking();
    if (lacking === undefined) this.standing = { type: "met", afterMs: nowMs - fromMs };
    else this.standing = { type: nowMs >= fromMs + withinMs ? "missed" : "open", lacking };
  }

  /** What one agent lacks, or undefined when none lacks anything. */
  #lacking(): string | undefined {
    const { agents } = this.#world;
    const lacks = this.#test();
    for (let offset = 0; offset < agents.length; offset += 1) {
      const agent = agents[(this.#witness + offset) % agents.length] as SimAgent;
      if (agent.isPaused) continue;
      const inspection = this.#world.inspect(agent);
      if (inspection === undefined) continue;
      const lack = lacks(inspection);
      if (lack === undefined) continue;
      this.#witness = agent.index;
      return `${agent.name}: ${lack}`;
    }
    return undefined;
  }

  /** A test of one agent after the other, for one moment. */
  #test(): (inspection: Inspection) => string | undefined {
    const { expectation } = this;
    switch (expectation.type) {
      case "inForce":
        return (inspection) => this.#generationLack(inspection, expectation.generation);
      case "deathsKnown": {
        const ended = this.#world.agents.filter(({ life, mind }) => life > 0 && mind === undefined);
        return (inspection) => listed(wrongDeaths(inspection, ended));
      }
      case "oneView": {
        let first: Inspection | undefined;
        return (inspection) => {
          if (first === undefined) first = inspection;
          else if (!agree(first, inspection)) return `does not hold the view of ${first.name}`;
          return undefined;
        };
      }
      case "allKept":
        return (inspection) => listed(unkept(inspection));
      default:
        throw new Error(`unknown expectation ${expectation satisfies never}`);
    }
  }

  #generationLack({ streams }: Inspection, generation: number): string | undefined {
    const state = streams.find(
      ({ author, stream }) => author === this.#publisher?.author && stream === this.#publisher.stream,
    );
    const active = state?.active?.version.generation ?? 0;
    return active >= generation ? undefined : `generation ${active} is in force`;
  }
}

/** Such as `deathsKnownMs@20s`, `generation2InForceMs@40s`: the unit is that of its milestone. */
function nameOf(expectation: Expectation): string {
  const what =
    expectation.type === "inForce" ? `generation${expectation.generation}InForceMs` : `${expectation.type}Ms`;
  return `${what}@${expectation.fromMs / 1_000}s`;
}

function listed(problems: readonly string[]): string | undefined {
  if (problems.length === 0) return undefined;
  const more = problems.length > 3 ? ` and ${problems.length - 3} more` : "";
  return problems.slice(0, 3).join(", ") + more;
}
