import { prepareHeap } from "../engine/hostProcess.ts";
import type { Violation } from "../invariants/truth.ts";
import { play } from "../replaying/play.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { concrete } from "../shrinking/faults.ts";
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

/** Runs a scenario to its end. What a mind or the world throws is a violation too, named `threw`. */
export async function runJob(job: SeedJob): Promise<SeedResult> {
  const { scenario, agents, seed, isToBeConcrete, isPlain } = job;
  if (agents >= largeAgents) prepareHeap();
  const { running, hash, simulatedMs, violations } = await play({
    scenario,
    agents,
    seed,
    createMind: isPlain === true ? createPlainMind : createCoreMind,
  });
  const firsts = violations.filter(
    ({ invariant }, index) => violations.findIndex((other) => other.invariant === invariant) === index,
  );
  const named = isToBeConcrete === true ? { concrete: concrete(scenario, running.drawn) } : {};
  return { seed, hash, violations: firsts, simulatedMs, ...named };
}
