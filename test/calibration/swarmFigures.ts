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
  kills: 8,
  killEveryMs: 8_000,
};

/** How soon, and to whom, something came. */
export interface Spread {
  /** Share of those whom it was for. */
  readonly reach: number;
  /** Of what came soonest: when the median agent had it, and when the last one. */
  readonly medianMs: number;
  readonly lastMs: number;
}

/** What a swarm did. */
export interface SwarmFigures {
  /** For each agent and second at rest. */
  readonly restMessages: number;
  readonly restBytes: number;
  /** For each agent, of the bundle that took the fewest, with what goes on at rest meanwhile. */
  readonly publishBytes: number;
  readonly arrivals: Spread;
  readonly deaths: Spread;
  /** Deaths told of agents that lived. */
  readonly falseDeaths: number;
  /** TCP connections of one agent; of a simulated one, its sessions. */
  readonly connections: number;
}

/**
 * Of several happenings, the times at which each came to someone; `wanted` is to how many each should have come. Whatever
 * else a machine does makes things slower and dearer, never the other way: so the best of several is compared.
 */
export function spreadOf(happenings: readonly (readonly number[])[], wanted: number): Spread {
  const came = happenings.map((times) => times.toSorted((left, right) => left - right));
  return {
    reach: came.reduce((sum, times) => sum + times.length, 0) / (wanted * happenings.length),
    medianMs: Math.min(...came.map((times) => times[Math.floor(times.length / 2)] ?? Number.NaN)),
    lastMs: Math.min(...came.map((times) => times.at(-1) ?? Number.NaN)),
  };
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
