/** How a run went, as the page that shows it needs it: typed changes, not events one by one. Times are virtual. */
export interface Recording {
  /** One line for people: what the scenario is about. */
  readonly title: string;
  readonly durationMs: number;
  /** By index. */
  readonly names: readonly string[];
  readonly steps: readonly RecordedStep[];
  readonly streams: readonly RecordedStream[];
  /** What `places` points into: where agents stand apart, such as on `side 1`. The first is the undivided swarm. */
  readonly places: readonly string[];
  /** Values are of `processCodes`. Agents begin as `absent`. */
  readonly processes: Changes;
  /** Values point into `places`. Agents begin in the first. */
  readonly whereabouts: Changes;
  /** How many running agents hold the agent dead or gone: when the first does, the last does, and at each look. */
  readonly held: Changes;
  /** 1 while a running agent's view differs from the truth: it misses a death, or holds somebody dead who is there. */
  readonly mistaken: Changes;
  readonly samples: Samples;
  /** From the end of a process to each running agent's verdict. */
  readonly endDetections: Detections;
  /** The same from when a process was paused: those verdicts are wrong, and refuted when it comes back. */
  readonly pauseDetections: Detections;
  /** Where not everything could be kept: one sentence each, for people. */
  readonly gaps: readonly string[];
}

/** How a process stands: `processes` holds the index. */
export const processCodes = ["absent", "running", "paused", "killed", "powerless"] as const;
export type ProcessCode = (typeof processCodes)[number];

/** Something that happened to the world on purpose. */
export interface RecordedStep {
  readonly atMs: number;
  /** A word or two, such as `kill 300`. */
  readonly label: string;
  /** Whom it concerned, by index, rising; the whole swarm where absent. */
  readonly agents?: readonly number[];
}

/** One author's stream of bundles. */
export interface RecordedStream {
  readonly name: string;
  /** What `inForce` points into: the generations that were in force anywhere, in order of their coming. */
  readonly generations: readonly RecordedGeneration[];
  /** Agents begin without any. */
  readonly inForce: Changes;
}

export interface RecordedGeneration {
  readonly epoch: number;
  readonly generation: number;
}

/** One column of changes, in order of time. */
export interface Changes {
  readonly atMs: ArrayLike<number>;
  readonly agent: ArrayLike<number>;
  readonly value: ArrayLike<number>;
}

/** Counters over the whole swarm, read at equal distances of time; each rises from 0. */
export interface Samples {
  readonly atMs: ArrayLike<number>;
  readonly messages: ArrayLike<number>;
  readonly bytes: ArrayLike<number>;
  readonly drifts: ArrayLike<number>;
  readonly repairs: ArrayLike<number>;
}

/** How long verdicts took, as a histogram with three significant digits. */
export interface Detections {
  /** Rising. */
  readonly tookMs: ArrayLike<number>;
  readonly count: ArrayLike<number>;
  /** Verdicts that were due when the run ended, and had not been given. */
  readonly missing: number;
}
