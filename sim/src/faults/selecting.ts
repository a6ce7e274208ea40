import { Random } from "@antibody/core";
import type { Selection } from "../scenarios/step.ts";
import type { SimAgent } from "../world/agent.ts";

/** Finds whom a step concerns, and remembers the selections that have a name. */
export class Selecting {
  /** The names of those whom each selection came to mean, by the very object: a step is done once. */
  readonly drawn: Map<Selection, readonly string[]> = new Map();
  readonly #agents: readonly SimAgent[];
  readonly #random: Random;
  readonly #named = new Map<string, readonly SimAgent[]>();

  constructor(agents: readonly SimAgent[], seed: number) {
    this.#agents = agents;
    this.#random = Random.fromSeed(seed + 1);
  }

  /** In the order of their numbers. Who is chosen at random runs, and is none of `except`. Throws for an unknown name. */
  choose(selection: Selection, except: readonly SimAgent[] = []): readonly SimAgent[] {
    const chosen = this.#meant(selection, except);
    this.drawn.set(
      selection,
      chosen.map(({ name }) => name),
    );
    return chosen;
  }

  #meant(selection: Selection, except: readonly SimAgent[]): readonly SimAgent[] {
    if ("named" in selection) return this.named(selection.named);
    if ("all" in selection) return this.#agents;
    if ("names" in selection) {
      const meant = this.#agents.filter(({ name }) => selection.names.includes(name));
      if (selection.as !== undefined) this.#named.set(selection.as, meant);
      return meant;
    }
    const count =
      "count" in selection ? selection.count : Math.round((this.#agents.length * selection.percent) / 100);
    const running = this.#agents.filter(
      (agent) => agent.isRunning && !agent.isPaused && !except.includes(agent),
    );
    const chosen = this.#random.sample(running, count).sort((left, right) => left.index - right.index);
    if (selection.as !== undefined) this.#named.set(selection.as, chosen);
    return chosen;
  }

  /** Several selections, none of whose random members is in one before. */
  chooseApart(selections: readonly Selection[]): readonly (readonly SimAgent[])[] {
    const sides: (readonly SimAgent[])[] = [];
    for (const selection of selections) sides.push(this.choose(selection, sides.flat()));
    return sides;
  }

  /** The agents of an earlier step. Throws where no step has named them. */
  named(name: string): readonly SimAgent[] {
    const named = this.#named.get(name);
    if (named === undefined) throw new Error(`No step before has named ${name}`);
    return named;
  }
}
