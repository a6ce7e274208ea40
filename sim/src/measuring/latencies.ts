import type { Detections } from "../recording/recording.ts";

/** Three significant digits are kept, so that a histogram stays small however long a run is. */
const digitsKept = 1_000;

/** Times in milliseconds, to three digits, with how often each was. */
export type Counts = readonly (readonly [ms: number, count: number])[];

/** How long something took, counted. */
export class Latencies {
  readonly #counts = new Map<number, number>();

  add(tookMs: number): void {
    const rounded = roundedMs(tookMs);
    this.#counts.set(rounded, (this.#counts.get(rounded) ?? 0) + 1);
  }

  /** How many were added. */
  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** What so many of a hundred took at most, to three digits; 0 where nothing was added. */
  share(percent: number): number {
    const wanted = (this.count * percent) / 100;
    let count = 0;
    for (const ms of this.#rising()) {
      count += this.#counts.get(ms) ?? 0;
      if (count >= wanted) return ms;
    }
    return 0;
  }

  /** Each time that something took, with how often it did. */
  get counts(): Counts {
    return [...this.#counts];
  }

  /** Adds what was counted elsewhere. */
  join(counts: Counts): void {
    for (const [ms, count] of counts) this.#counts.set(ms, (this.#counts.get(ms) ?? 0) + count);
  }

  detections(missing: number): Detections {
    const tookMs = this.#rising();
    return { tookMs, count: tookMs.map((ms) => this.#counts.get(ms) ?? 0), missing };
  }

  #rising(): readonly number[] {
    return [...this.#counts.keys()].sort((left, right) => left - right);
  }
}

/** To whole milliseconds below a second, and to three digits above. */
function roundedMs(ms: number): number {
  let unit = 1;
  while (ms >= digitsKept * unit) unit *= 10;
  return Math.floor(ms / unit) * unit;
}
