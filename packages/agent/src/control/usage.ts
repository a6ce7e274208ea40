/** What the agent's process takes of its device. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** Since 1970, on the wall clock. */
  readonly startSeconds: number;
  readonly node: string;
}

/** As of now. */
export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1_000_000,
    residentBytes: rss,
    heapBytes: heapUsed,
    startSeconds: Math.round(performance.timeOrigin) / 1_000,
    node: process.version,
  };
}
