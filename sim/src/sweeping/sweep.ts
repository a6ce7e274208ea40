import { wallMs } from "../engine/hostProcess.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { SeedResult } from "./job.ts";
import type { WorkerPool } from "./pool.ts";

/** Which seeds of which scenario. */
export interface SweepOptions {
  /** The scenario of a seed: the same for all, or one that is made from the seed. */
  readonly scenarioOf: (seed: number) => Scenario;
  /** The scenario's own number where absent. */
  readonly agents?: number;
  readonly firstSeed: number;
  readonly lastSeed: number;
  readonly pool: WorkerPool;
  /** Called for every seed, in the order in which they end. */
  readonly onSeed?: (result: SeedResult, progress: SweepProgress) => void;
  /** No seed is begun any more when this gives true. */
  readonly isEnough?: () => boolean;
}

/** How far a sweep is. */
export interface SweepProgress {
  readonly done: number;
  readonly failed: number;
  readonly total: number;
  readonly wallMs: number;
  /** At the speed so far. */
  readonly etaMs: number;
}

/** What a sweep showed. */
export interface Sweep {
  readonly seedsDone: number;
  /** In order of seeds. */
  readonly failing: readonly SeedResult[];
  readonly wallMs: number;
}

/** Runs a scenario from many seeds, as many at once as the pool has processes. Rejects when the pool is closed. */
export async function sweep(options: SweepOptions): Promise<Sweep> {
  const { firstSeed, lastSeed, pool, onSeed, isEnough } = options;
  const startedMs = wallMs();
  const total = lastSeed - firstSeed + 1;
  const failing: SeedResult[] = [];
  let next = firstSeed;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next <= lastSeed && isEnough?.() !== true) {
      const seed = next;
      next += 1;
      const scenario = options.scenarioOf(seed);
      const job = { scenario, agents: options.agents ?? scenario.agents, seed };
      const result = await pool.run(job).catch((error: unknown) => {
        // Whoever has enough may close the pool as well.
        if (isEnough?.() === true) return undefined;
        throw error;
      });
      if (result === undefined) return;
      done += 1;
      if (result.violations.length > 0) failing.push(result);
      const spentMs = wallMs() - startedMs;
      const etaMs = (spentMs * (total - done)) / done;
      onSeed?.(result, { done, failed: failing.length, total, wallMs: spentMs, etaMs });
    }
  };
  await Promise.all(Array.from({ length: Math.min(pool.size, total) }, lane));
  failing.sort((left, right) => left.seed - right.seed);
  return { seedsDone: done, failing, wallMs: wallMs() - startedMs };
}
