import { setFlagsFromString } from "node:v8";

/** Real time, for speed and progress alone: nothing in a world sees it. */
export function wallMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Megabytes of memory that the process holds. */
export function rssMb(): number {
  return Math.round(process.memoryUsage.rss() / 1_048_576);
}

/** Lets the process do something else: signals, output. */
export function yieldOnce(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Lets the heap of this process grow by less than a third between collections, from now on. In a large world most
 * of what grows old is a message that is dropped a moment later: V8's own factor, up to four, takes half as much
 * memory again and no less time (measured at 1,000 agents). The space for what is new stays as small as it is: V8
 * would grow it to 100 MB, which saves some percent of the time at best (mass-death with 1,000 agents: 11.7 s of
 * processor time and 319 MB, or 12.3 s and 196 MB).
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=30");
  setFlagsFromString("--semi-space-growth-factor=1");
}
