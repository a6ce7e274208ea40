import { fuzzScenario, shrink } from "@antibody/sim";
import { describe, expect, test } from "vitest";
import { firstFailing, plant, plants } from "../harness/plants.ts";

/** Within so many seeds each fault must be found, and made so small. */
const seedsMax = 500;
const faultsMax = 5;
const jobs = 4;

describe("a fault of one line", () => {
  test.each(plants)(
    `$name is found within ${seedsMax} seeds, and shrunk to ${faultsMax} faults`,
    async (fault) => {
      const { pool, remove } = plant(fault, jobs);
      try {
        const seed = await firstFailing(pool, { first: 1, last: seedsMax }, fuzzScenario);
        if (seed === undefined) throw new Error(`${seedsMax} seeds hold with ${fault.name}`);
        const scenario = fuzzScenario(seed);
        const shrunk = await shrink({ scenario, agents: scenario.agents, seed, build: "planted", pool });
        if (shrunk === undefined) throw new Error(`seed ${seed} holds when it runs again`);
        const { bundle, faultsBefore, faultsAfter } = shrunk;
        const found = `seed ${seed}, ${faultsBefore} faults to ${faultsAfter}, ${scenario.agents} agents to ${bundle.agents}`;
        process.stdout.write(`${fault.name}: ${found}: ${bundle.violation.invariant}\n`);
        expect(faultsAfter).toBeLessThanOrEqual(faultsMax);
      } finally {
        remove();
      }
    },
  );
});
