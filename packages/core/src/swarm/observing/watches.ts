import { type AgentId, compareText } from "@antibody/policy";
import { type MonotonicMs, NEVER } from "../../contract/time.ts";
import { markOf } from "../../keeping/marked.ts";
import type { Watch } from "./watch.ts";

/** So many are looked through as fast as one is found in a table. A guess; ten are observed. */
const fewMax = 12;

/**
 * The watches of one agent, in order of agents, each with the deadline of what is under way. There are ten of them,
 * and some seventy after a massacre: few enough that the earliest is found by looking through all. Their deadlines
 * lie side by side in memory, because nearly every step of an agent moves one and asks for the earliest.
 */
export class Watches implements Iterable<Watch> {
  /** Where there are many; few are looked through. */
  #byAgent: Map<AgentId, Watch> | undefined;
  #watches: readonly Watch[] = [];
  /** By place. */
  #dueMs: MonotonicMs[] = [];
  /** The earliest of them, where it is known. */
  #earliestMs: MonotonicMs | undefined;

  get size(): number {
    return this.#watches.length;
  }

  get(agent: AgentId): Watch | undefined {
    if (this.#byAgent !== undefined) return this.#byAgent.get(agent);
    const mark = markOf(agent);
    for (const watch of this.#watches) if (watch.mark === mark && watch.agent === agent) return watch;
    return undefined;
  }

  [Symbol.iterator](): IterableIterator<Watch> {
    return this.#watches.values();
  }

  /** Exactly these from now on, each at most once; who is new waits for nothing. */
  replace(watches: readonly Watch[]): void {
    const dueMs = new Map(this.#watches.map((watch) => [watch.agent, this.dueMs(watch)]));
    this.#watches = [...watches].sort((left, right) => compareText(left.agent, right.agent));
    this.#dueMs = new Array<MonotonicMs>(watches.length).fill(NEVER);
    this.#earliestMs = undefined;
    for (const [place, watch] of this.#watches.entries()) {
      watch.place = place;
      this.#dueMs[place] = dueMs.get(watch.agent) ?? NEVER;
    }
    const isFew = watches.length <= fewMax;
    this.#byAgent = isFew ? undefined : new Map(watches.map((watch) => [watch.agent, watch]));
  }

  dueMs({ place }: Watch): MonotonicMs {
    return this.#dueMs[place] as number;
  }

  /** Replaces the deadline of a watch; NEVER removes it. */
  setDue({ place }: Watch, at: MonotonicMs): void {
    if (this.#earliestMs !== undefined) {
      if (at <= this.#earliestMs) this.#earliestMs = at;
      else if (this.#dueMs[place] === this.#earliestMs) this.#earliestMs = undefined;
    }
    this.#dueMs[place] = at;
  }

  /** The earliest deadline, or NEVER. */
  earliest(): MonotonicMs {
    if (this.#earliestMs !== undefined) return this.#earliestMs;
    let earliest = NEVER;
    for (let place = 0; place < this.#dueMs.length; place += 1) {
      const at = this.#dueMs[place] as number;
      if (at < earliest) earliest = at;
    }
    this.#earliestMs = earliest;
    return earliest;
  }

  /** Removes the earliest deadline that is due at `now`, ties by agent, and gives its watch; undefined when none is. */
  takeDue(now: MonotonicMs): Watch | undefined {
    const earliest = this.earliest();
    if (earliest > now) return undefined;
    const place = this.#dueMs.indexOf(earliest);
    this.#dueMs[place] = NEVER;
    this.#earliestMs = undefined;
    return this.#watches[place];
  }
}
