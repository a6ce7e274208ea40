import { describe, expect, it } from "vitest";
import { fuzzScenario } from "../src/index.ts";
import { runJob, type SeedResult } from "../src/sweeping/job.ts";

/** `npm run test:deep` runs two thousand. */
const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

const partsMax = 4;

describe("a schedule of faults", () => {
  it.each(seeds)("leaves a swarm that agrees again, from seed %i", async (seed) => {
    const run = (isPlain: boolean): Promise<SeedResult> => {
      const scenario = fuzzScenario(seed);
      // The run with plain stores is one in 1 to 4 parts, too.
      const parts = isPlain ? 1 + (seed % partsMax) : 1;
      return runJob({ scenario, agents: scenario.agents, seed, isPlain, parts });
    };
    const { violations, hash } = await run(false);
    expect(violations).toEqual([]);
    expect((await run(false)).hash).toBe(hash);
    expect((await run(true)).hash).toBe(hash);
  });

  it("is plain JSON, in order of time, equal for equal seeds and another for others", () => {
    const all = seeds.map((seed) => fuzzScenario(seed));
    expect(seeds.map((seed) => fuzzScenario(seed))).toEqual(all);
    expect(new Set(all.map(({ steps }) => JSON.stringify(steps))).size).toBe(seeds.length);
    for (const scenario of all) {
      expect(JSON.parse(JSON.stringify(scenario))).toEqual(scenario);
      const times = scenario.steps.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((left, right) => left - right));
    }
  });
});
