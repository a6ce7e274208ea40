import { describe, expect, it } from "vitest";
import { fuzzScenario } from "../src/index.ts";
import { runJob } from "../src/sweeping/job.ts";

/** Of a swarm that is left alone after many faults at once; `npm run test:deep` runs two thousand. */
const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

describe("a schedule of faults", () => {
  it.each(seeds)("leaves a swarm that agrees again, from seed %i", async (seed) => {
    const scenario = fuzzScenario(seed);
    const { violations, hash } = await runJob({ scenario, agents: scenario.agents, seed });
    expect(violations).toEqual([]);
    if (seed % 10 !== 0) return;
    expect((await runJob({ scenario: fuzzScenario(seed), agents: scenario.agents, seed })).hash).toBe(hash);
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
