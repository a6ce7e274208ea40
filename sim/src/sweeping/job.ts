import { keepHeapSmall } from "../engine/hostProcess.ts";
import type { Violation } from "../invariants/truth.ts";
import { play } from "../replaying/play.ts";
import type { Scenario } from "../scenarios/scenario.ts";

/** One run that a worker is asked for. Plain JSON. */
export interface SeedJob {
  readonly scenario: Scenario;
  readonly agents: number;
  readonly seed: number;
}

/** What one run showed, as far as a sweep or a search for a smaller one needs it. Plain JSON. */
export interface SeedResult {
  readonly seed: number;
  readonly hash: string;
  /** The first of each invariant, in the order in which they showed. */
  readonly violations: readonly Violation[];
  readonly simulatedMs: number;
}

/** From here on a world is worth a smaller heap. A guess. */
const largeAgents = 500;

/** Runs a scenario to its end. What a mind or the world throws is a violation too, named `threw`. */
export async function runJob({ scenario, agents, seed }: SeedJob): Promise<SeedResult> {
  if (agents >= largeAgents) keepHeapSmall();
  const { hash, simulatedMs, violations } = await play({ scenario, agents, seed });
  const firsts = violations.filter(
    ({ invariant }, index) => violations.findIndex((other) => other.invariant === invariant) === index,
  );
  return { seed, hash, violations: firsts, simulatedMs };
}
