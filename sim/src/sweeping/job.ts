import { prepareHeap } from "../engine/hostProcess.ts";
import type { Violation } from "../invariants/truth.ts";
import { play } from "../replaying/play.ts";
import { reportOf } from "../reporting.ts";
import { threadsOf } from "../run.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { concrete } from "../shrinking/faults.ts";
import { runNear } from "../threads/near.ts";
import type { CreateMind } from "../world/agent.ts";
import { createCoreMind, createPlainMind } from "../world/coreMind.ts";

/** One run that a worker is asked for. Plain JSON. */
export interface SeedJob {
  readonly scenario: Scenario;
  readonly agents: number;
  readonly seed: number;
  /** The answer is to name whom every step came to mean. */
  readonly isToBeConcrete?: boolean;
  /** Each agent keeps its directory in a plain store of its own, as a device does: the hash must be the same. */
  readonly isPlain?: boolean;
  /** It is simulated in so many parts, as several threads would: the hash must be the same. */
  readonly parts?: number;
}

/** What one run showed, as far as a sweep or a search for a smaller one needs it. Plain JSON. */
export interface SeedResult {
  readonly seed: number;
  readonly hash: string;
  /** The first of each invariant, in the order in which they showed. */
  readonly violations: readonly Violation[];
  readonly simulatedMs: number;
  /** The same scenario with every agent named, where that was asked for. */
  readonly concrete?: Scenario;
}

/** From here on a world is worth a smaller heap. A guess. */
const largeAgents = 500;

/** Simulates a run in parts. What a mind throws ends it. */
function runParts({ scenario, agents, seed }: SeedJob, parts: number, createMind: CreateMind): SeedResult {
  const { running, outcomes } = runNear({ scenario, agents, seed }, parts, createMind);
  const { hash, violations, simulatedMs } = reportOf(running, outcomes, { wallMs: 0, setupMs: 0, rssMb: 0 });
  return { seed, hash, violations, simulatedMs };
}

/** Runs a scenario to its end. What a mind or the world throws is a violation too, named `threw`. */
export async function runJob(job: SeedJob): Promise<SeedResult> {
  const { scenario, agents, seed, isToBeConcrete, isPlain } = job;
  if (agents >= largeAgents) prepareHeap(agents);
  const createMind = isPlain === true ? createPlainMind : createCoreMind;
  const parts = threadsOf(scenario, agents, job.parts ?? 1);
  if (parts > 1) return runParts(job, parts, createMind);
  const { running, hash, simulatedMs, violations } = await play({ scenario, agents, seed, createMind });
  const firsts = violations.filter(
    ({ invariant }, index) => violations.findIndex((other) => other.invariant === invariant) === index,
  );
  const named = isToBeConcrete === true ? { concrete: concrete(scenario, running.drawn) } : {};
  return { seed, hash, violations: firsts, simulatedMs, ...named };
}
