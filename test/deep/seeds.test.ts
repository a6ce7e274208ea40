import { fuzzScenario, listScenarios, type Scenario, sweep } from "@antibody/sim";
import { afterAll, describe, expect, test } from "vitest";
import { plant } from "../harness/plants.ts";

/** Seeds of all scenarios together, half of them of schedules that are drawn; ANTIBODY_SEEDS changes it. */
const seedsCount = Number(process.env["ANTIBODY_SEEDS"] ?? 2_000);
/** How many of them were run before, and are passed over: ANTIBODY_SEEDS_BEFORE. */
const seedsBefore = Number(process.env["ANTIBODY_SEEDS_BEFORE"] ?? 0);
const [fuzzSeeds, scenarioSeeds] = sharesOf(seedsCount);
const [fuzzBefore, scenarioBefore] = sharesOf(seedsBefore);
/** Above the border between the full mesh and the rings, and small enough for many seeds. */
const agents = 30;
const jobs = Number(process.env["ANTIBODY_JOBS"] ?? 4);
const partsMax = 4;

const { pool, remove } = plant(undefined, jobs);
afterAll(remove);

interface Kind {
  readonly name: string;
  readonly seeds: number;
  readonly before: number;
  readonly agents?: number;
  readonly scenarioOf: (seed: number) => Scenario;
}

const kinds: readonly Kind[] = [
  { name: "fuzz", seeds: fuzzSeeds, before: fuzzBefore, scenarioOf: fuzzScenario },
  ...listScenarios().map((scenario) => {
    return {
      ...{ name: scenario.name, seeds: scenarioSeeds, before: scenarioBefore, agents },
      scenarioOf: () => scenario,
    };
  }),
];

/** Of so many seeds those of schedules, and those of each shipped scenario. */
function sharesOf(count: number): readonly [fuzz: number, scenario: number] {
  const fuzz = Math.ceil(count / 2);
  return [fuzz, Math.ceil((count - fuzz) / listScenarios().length)];
}

describe("many seeds", () => {
  test.each(kinds)("of $name hold, each with one hash", async ({ seeds, before, scenarioOf, ...size }) => {
    const hashes = new Map<number, string>();
    const { failing, seedsDone } = await sweep({
      scenarioOf,
      firstSeed: before + 1,
      lastSeed: seeds,
      pool,
      ...(size.agents === undefined ? {} : { agents: size.agents }),
      onSeed: ({ seed, hash }) => hashes.set(seed, hash),
    });
    expect(seedsDone).toBe(seeds - before);
    expect(failing.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
    // Twice, the second time in the stores of a device, and in parts, as several threads would.
    const differing: number[] = [];
    await Promise.all(
      Array.from({ length: seeds - before }, async (_, index) => {
        const seed = before + index + 1;
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
