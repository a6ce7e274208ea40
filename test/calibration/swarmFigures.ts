/** What is done to a swarm of agents, in the simulator and to real ones. */
export interface SwarmPlan {
  readonly agents: number;
  /** How long a swarm at rest is looked at. */
  readonly restWindowMs: number;
  readonly publishes: number;
  readonly publishEveryMs: number;
  readonly kills: number;
  /** From one SIGKILL to the next; in the middle the agent is started again. */
  readonly killEveryMs: number;
}

export const swarmPlan: SwarmPlan = {
  agents: 20,
  restWindowMs: 30_000,
  publishes: 10,
  publishEveryMs: 1_000,
  kills: 5,
  killEveryMs: 8_000,
};

/** How soon, and to whom, something came. */
export interface Spread {
  /** Share of those whom it was for. */
  readonly reach: number;
  /** Medians over what happened: of the median agent, and of the last one. */
  readonly medianMs: number;
  readonly lastMs: number;
}

/** What a swarm did. */
export interface SwarmFigures {
  /** For each agent and second at rest. */
  readonly restMessages: number;
  readonly restBytes: number;
  /** For each agent and bundle published. */
  readonly publishBytes: number;
  readonly arrivals: Spread;
  readonly deaths: Spread;
  /** Deaths told of agents that lived. */
  readonly falseDeaths: number;
  /** TCP connections of one agent; of a simulated one, its sessions. */
  readonly connections: number;
}

/** Of several happenings, the times at which each came to someone; `wanted` is to how many each should have come. */
export function spreadOf(happenings: readonly (readonly number[])[], wanted: number): Spread {
  const came = happenings.map((times) => times.toSorted((left, right) => left - right));
  return {
    reach: came.reduce((sum, times) => sum + times.length, 0) / (wanted * happenings.length),
    medianMs: medianOf(came.map(medianOf)),
    lastMs: medianOf(came.map((times) => times.at(-1) ?? Number.NaN)),
  };
}

/** The middle of an ordered or unordered list; NaN of an empty one. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The means of the figures of several runs. */
export function meanSwarmOf(runs: readonly SwarmFigures[]): SwarmFigures {
  const mean = (figureOf: (run: SwarmFigures) => number): number =>
    runs.reduce((sum, run) => sum + figureOf(run), 0) / runs.length;
  const meanSpread = (spreadOf: (run: SwarmFigures) => Spread): Spread => ({
    reach: mean((run) => spreadOf(run).reach),
    medianMs: mean((run) => spreadOf(run).medianMs),
    lastMs: mean((run) => spreadOf(run).lastMs),
  });
  return {
    restMessages: mean((run) => run.restMessages),
    restBytes: mean((run) => run.restBytes),
    publishBytes: mean((run) => run.publishBytes),
    arrivals: meanSpread((run) => run.arrivals),
    deaths: meanSpread((run) => run.deaths),
    falseDeaths: mean((run) => run.falseDeaths),
    connections: mean((run) => run.connections),
  };
}
