import type { Changes } from "./recording.ts";

/** Changes of one kind over all agents: keeps what is new, drops what is the same. */
export class ChangeLog {
  readonly atMs: number[] = [];
  readonly agent: number[] = [];
  readonly value: number[] = [];
  /** How each agent stands, by index. */
  readonly current: Int32Array;
  readonly #changesMax: number;
  #lastMs = 0;
  /** When the first change was not kept any more; infinite while all are. */
  fullSinceMs: number = Number.POSITIVE_INFINITY;

  constructor(agents: number, initial: number, changesMax: number) {
    this.current = new Int32Array(agents).fill(initial);
    this.#changesMax = changesMax;
  }

  /** Says how an agent stands since a time; what was recorded already stays before it. */
  set(sinceMs: number, agent: number, value: number): void {
    if (this.current[agent] === value) return;
    this.current[agent] = value;
    this.#lastMs = Math.max(this.#lastMs, sinceMs);
    if (this.atMs.length >= this.#changesMax) {
      this.fullSinceMs = Math.min(this.fullSinceMs, this.#lastMs);
      return;
    }
    this.atMs.push(this.#lastMs);
    this.agent.push(agent);
    this.value.push(value);
  }

  changes(): Changes {
    const { atMs, agent, value } = this;
    return { atMs, agent, value };
  }
}
