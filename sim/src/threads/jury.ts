import type { Running } from "../running.ts";
import type { Sight } from "./shard.ts";

/** Brings together what the agents of each thread showed at one moment, and has it judged when all have come. */
export class Jury {
  readonly #running: Running;
  readonly #count: number;
  /** By thread: sights that are not judged yet, oldest first. */
  readonly #waiting: Sight[][];

  constructor(running: Running, count: number) {
    this.#running = running;
    this.#count = count;
    this.#waiting = Array.from({ length: count }, () => []);
  }

  /** What a thread saw; each tells its sights in order of time. */
  hear(share: number, sight: Sight): void {
    this.#waiting[share]?.push(sight);
    for (;;) {
      const heads = this.#waiting.map(([head]) => head);
      if (heads.some((head) => head === undefined)) return;
      const atMs = Math.max(...heads.map((head) => (head as Sight).atMs));
      // A thread that has learned that nothing is open any more tells less.
      const late = heads.findIndex((head) => (head as Sight).atMs < atMs);
      if (late >= 0) {
        this.#waiting[late]?.shift();
        continue;
      }
      for (const sights of this.#waiting) sights.shift();
      this.#running.judge(
        atMs,
        heads.map((head) => (head as Sight).glances),
      );
    }
  }

  get size(): number {
    return this.#count;
  }
}
