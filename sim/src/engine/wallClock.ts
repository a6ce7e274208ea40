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
