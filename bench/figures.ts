/** Figures of one benchmark: what is told by name, in the unit that the name ends with. */
export interface Figures {
  readonly [name: string]: number | string;
}

/** The value below which a share (0 to 1) of the samples lies: nearest rank. Throws without samples. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new Error("no samples");
  const sorted = [...samples].sort((left, right) => left - right);
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return round(sorted[index] ?? 0);
}

/** Three digits after the point: below that it is noise. */
export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** Median, 99th percentile and maximum of samples in milliseconds, under a name. */
export function spread(name: string, samplesMs: readonly number[]): Figures {
  return {
    [`${name}P50Ms`]: quantile(samplesMs, 0.5),
    [`${name}P99Ms`]: quantile(samplesMs, 0.99),
    [`${name}MaxMs`]: quantile(samplesMs, 1),
    [`${name}Samples`]: samplesMs.length,
  };
}
