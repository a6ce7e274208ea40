import type { World } from "../world/world.ts";
import type { Samples } from "./recording.ts";

/** Rows that are kept of a run at most: two or three for each pixel of a curve. */
const rowsMax = 1_000;
/** No two rows are closer: looks do not come more often. */
const everyMsMin = 100;

/** Reads the counters of a world at equal distances of virtual time. */
export class Sampling {
  drifts = 0;
  repairs = 0;
  readonly #world: World;
  readonly #everyMs: number;
  #dueMs = 0;
  readonly #atMs: number[] = [];
  readonly #messages: number[] = [];
  readonly #bytes: number[] = [];
  readonly #drifts: number[] = [];
  readonly #repairs: number[] = [];

  constructor(world: World, durationMs: number) {
    this.#world = world;
    this.#everyMs = everyMsMin * Math.max(1, Math.ceil(durationMs / everyMsMin / rowsMax));
    this.look();
  }

  /** Adds a row if one is due. */
  look(): void {
    const nowMs = Math.floor(this.#world.nowUs / 1_000);
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs - (nowMs % this.#everyMs) + this.#everyMs;
    this.#add(nowMs);
  }

  /** Adds the row of the end, unless it is there. */
  last(): void {
    const nowMs = Math.floor(this.#world.nowUs / 1_000);
    if (this.#atMs.at(-1) !== nowMs) this.#add(nowMs);
  }

  samples(): Samples {
    return {
      atMs: this.#atMs,
      messages: this.#messages,
      bytes: this.#bytes,
      drifts: this.#drifts,
      repairs: this.#repairs,
    };
  }

  #add(nowMs: number): void {
    const { counters, gossip } = this.#world;
    this.#atMs.push(nowMs);
    this.#messages.push(counters.messages + gossip.counters.messages);
    this.#bytes.push(counters.bytes + gossip.counters.bytes);
    this.#drifts.push(this.drifts);
    this.#repairs.push(this.repairs);
  }
}
