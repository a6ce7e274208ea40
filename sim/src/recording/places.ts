import type { Selection, Step } from "../scenarios/step.ts";
import { selectionsOf } from "./steps.ts";

/** The place of an agent that everyone reaches. */
const everywhere = "";
/** Those whom a partition does not name: they are on one side together. */
const theOthers = "the others";
/** Places that are told apart; beyond that, agents stay where they are. */
const placesMax = 16;

/**
 * How agents stand to the network, from the steps that change it: those that reach the same peers are at one place.
 */
export class Places {
  /** What each place is called; the first is that of an undivided network. */
  readonly names: string[] = [everywhere];
  /** By index of the agent. */
  readonly of: Int32Array;
  readonly #indexOf: (name: string) => number;
  readonly #sides: string[];
  readonly #cuts: string[];

  constructor(agents: number, indexOf: (name: string) => number) {
    this.of = new Int32Array(agents);
    this.#indexOf = indexOf;
    this.#sides = new Array<string>(agents).fill(everywhere);
    this.#cuts = new Array<string>(agents).fill(everywhere);
  }

  /** True when the step changed who reaches whom. */
  apply(step: Step, drawn: ReadonlyMap<Selection, readonly string[]>): boolean {
    const { type }: { readonly type: string } = step;
    const meant = selectionsOf(step).map((selection) => (drawn.get(selection) ?? []).map(this.#indexOf));
    switch (type) {
      case "partition":
        this.#sides.fill(theOthers);
        meant.forEach((side, number) => {
          for (const index of side) this.#sides[index] = `side ${number + 1}`;
        });
        break;
      case "cut":
        this.#cut(meant[0], "cannot send");
        this.#cut(meant[1], "cannot hear");
        break;
      case "eclipse":
        this.#cut(meant[0], "eclipsed");
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

  #cut(agents: readonly number[] = [], how: string): void {
    for (const index of agents) {
      const before = this.#cuts[index] as string;
      if (!before.includes(how)) this.#cuts[index] = before === everywhere ? how : `${before}, ${how}`;
    }
  }

  #settle(): void {
    for (let index = 0; index < this.of.length; index += 1) {
      const name = [this.#sides[index], this.#cuts[index]].filter((part) => part !== everywhere).join(": ");
      let place = this.names.indexOf(name);
      if (place < 0 && this.names.length < placesMax) place = this.names.push(name) - 1;
      if (place >= 0) this.of[index] = place;
    }
  }
}
