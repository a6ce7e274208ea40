import { fuzzScenario, listScenarios, type Scenario, sweep } from "@antibody/sim";
import { afterAll, describe, expect, test } from "vitest";
import { plant } from "../harness/plants.ts";

/** Seeds of all scenarios together, half of them of schedules that are drawn; ANTIBODY_SEEDS changes it. */
const seedsCount = Number(process.env["ANTIBODY_SEEDS"] ?? 2_000);
const fuzzSeeds = Math.ceil(seedsCount / 2);
const scenarioSeeds = Math.ceil((seedsCount - fuzzSeeds) / listScenarios().length);
/** Above the border between the full mesh and the rings, and small enough for many seeds. */
const agents = 30;
const jobs = 4;
const partsMax = 4;

const { pool, remove } = plant(undefined, jobs);
afterAll(remove);

interface Kind {
  readonly name: string;
  readonly seeds: number;
  readonly agents?: number;
  readonly scenarioOf: (seed: number) => Scenario;
}

const kinds: readonly Kind[] = [
  { name: "fuzz", seeds: fuzzSeeds, scenarioOf: fuzzScenario },
  ...listScenarios().map((scenario) => {
    return { name: scenario.name, seeds: scenarioSeeds, agents, scenarioOf: () => scenario };
  }),
];

describe("many seeds", () => {
  test.each(kinds)("of $name hold, each with one hash", async ({ seeds, scenarioOf, ...size }) => {
    const hashes = new Map<number, string>();
    const { failing, seedsDone } = await sweep({
      scenarioOf,
      firstSeed: 1,
      lastSeed: seeds,
      pool,
      ...(size.agents === undefined ? {} : { agents: size.agents }),
      onSeed: ({ seed, hash }) => hashes.set(seed, hash),
    });
    expect(seedsDone).toBe(seeds);
    expect(failing.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
    // Twice, the second time in the stores of a device, and in parts, as several threads would.
    const differing: number[] = [];
    await Promise.all(
      Array.from({ length: seeds }, async (_, index) => {
        const seed = index + 1;
        const scenario = scenarioOf(seed);
        const agents = size.agents ?? scenario.agents;
        const { hash } = await pool.run({
          scenario,
          agents,
          seed,
          isPlain: true,
          parts: 1 + (seed % partsMax),
        });
        if (hash !== hashes.get(seed)) differing.push(seed);
      }),
    );
    expect(differing).toEqual([]);
  });
});
