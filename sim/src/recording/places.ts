import type { Selection, Step } from "../scenarios/step.ts";

/** The place of an agent that nothing sets apart. */
const everywhere = "";
/** Those whom a partition does not name: they are on one side together. */
const theOthers = "the others";
/** Places that are told apart; beyond that, agents stay where they are. */
const placesMax = 16;

/**
 * Where agents stand apart, from the steps that set them apart: those that reach the same peers are at one place.
 */
export class Places {
  /** What each place is called; the first is that of an undivided network. */
  readonly names: string[] = [everywhere];
  /** By index of the agent. */
  readonly of: Int32Array;
  readonly #indexOf: (name: string) => number;
  readonly #sides: string[];
  readonly #cuts: string[];
  /** Who is not honest stands apart as well: what becomes of them is what such a run is about. */
  readonly #corrupt: string[];

  constructor(agents: number, indexOf: (name: string) => number) {
    this.of = new Int32Array(agents);
    this.#indexOf = indexOf;
    this.#sides = new Array<string>(agents).fill(everywhere);
    this.#cuts = new Array<string>(agents).fill(everywhere);
    this.#corrupt = new Array<string>(agents).fill(everywhere);
  }

  /** True when the step set somebody apart, or ended that. */
  apply(step: Step, drawn: ReadonlyMap<Selection, readonly string[]>): boolean {
    const meant = (selection: Selection): readonly number[] =>
      (drawn.get(selection) ?? []).map(this.#indexOf);
    switch (step.type) {
      case "partition":
        this.#sides.fill(theOthers);
        step.sides.forEach((side, number) => {
          for (const index of meant(side)) this.#sides[index] = `side ${number + 1}`;
        });
        break;
      case "cut":
        this.#cut(meant(step.from), "cannot send");
        this.#cut(meant(step.to), "cannot hear");
        break;
      case "eclipse":
        this.#cut(meant(step.who), "eclipsed");
        break;
      case "corrupt":
        for (const index of meant(step.who)) this.#corrupt[index] = "corrupt";
        break;
      case "heal":
        this.#sides.fill(everywhere);
        this.#cuts.fill(everywhere);
        break;
      default:
        return false;
    }
    this.#settle();
    return true;
  }

  #cut(agents: readonly number[], how: string): void {
    for (const index of agents) {
      const before = this.#cuts[index] as string;
      if (!before.includes(how)) this.#cuts[index] = before === everywhere ? how : `${before}, ${how}`;
    }
  }

  #settle(): void {
    for (let index = 0; index < this.of.length; index += 1) {
      const name = [this.#corrupt[index], this.#sides[index], this.#cuts[index]]
        .filter((part) => part !== everywhere)
        .join(": ");
      let place = this.names.indexOf(name);
      if (place < 0 && this.names.length < placesMax) place = this.names.push(name) - 1;
      if (place >= 0) this.of[index] = place;
    }
  }
}
