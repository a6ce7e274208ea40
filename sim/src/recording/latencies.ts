import type { Detections } from "./recording.ts";

/** Three significant digits are kept, so that a histogram stays small however long a run is. */
const digitsKept = 1_000;

/** How long something took, counted. */
export class Latencies {
  readonly #counts = new Map<number, number>();

  add(tookMs: number): void {
    const rounded = roundedMs(tookMs);
    this.#counts.set(rounded, (this.#counts.get(rounded) ?? 0) + 1);
  }

  detections(missing: number): Detections {
    const tookMs = [...this.#counts.keys()].sort((left, right) => left - right);
    return { tookMs, count: tookMs.map((ms) => this.#counts.get(ms) ?? 0), missing };
  }
}

/** To whole milliseconds below a second, and to three digits above. */
function roundedMs(ms: number): number {
  let unit = 1;
  while (ms >= digitsKept * unit) unit *= 10;
  return Math.floor(ms / unit) * unit;
}
