/** Figures of one thing that was measured: by name, in the unit that the name ends with. */
export interface Figures {
  readonly [name: string]: number | string;
}

/** What a benchmark came to. */
export interface Outcome {
  readonly figures: Figures;
  /** The same figures of other programs, measured in the same run: what they are, and what they reached. */
  readonly peers?: Readonly<Record<string, Figures>>;
  /** Several measurements of one run, by name, each with the figures of agents and of Serf. */
  readonly sections?: Readonly<Record<string, { readonly ours: Figures; readonly serf: Figures }>>;
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

/** Median, 99th percentile and maximum of samples in milliseconds, under a name, and how many they are. */
export function spread(name: string, samplesMs: readonly number[]): Figures {
  return {
    [`${name}P50Ms`]: quantile(samplesMs, 0.5),
    [`${name}P99Ms`]: quantile(samplesMs, 0.99),
    [`${name}MaxMs`]: quantile(samplesMs, 1),
    [`${name}Samples`]: samplesMs.length,
  };
}

/** As `spread`, under a name that is a figure itself: its median. */
export function spreadOf(name: string, unit: string, samples: readonly number[]): Figures {
  return {
    [`${name}${unit}`]: quantile(samples, 0.5),
    [`${name}P99${unit}`]: quantile(samples, 0.99),
    [`${name}Max${unit}`]: quantile(samples, 1),
    [`${name}Samples`]: samples.length,
  };
}
