import { fuzzScenario } from "@antibody/sim";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstFailing, type Planted, plant, plants } from "./harness/plants.ts";

/**
 * Whether the simulator would notice a bug: a few seeds of a copy of the code with one line changed. The deep tests
 * look at each of them more closely.
 */
const seedsMax = 40;
const jobs = 2;

let healthy: Planted;
beforeAll(() => {
  healthy = plant(undefined, jobs);
});
afterAll(() => healthy.remove());

describe("a fault of one line", () => {
  test.each(plants)("$name is noticed", async (fault) => {
    const planted = plant(fault, jobs);
    try {
      const seed = await firstFailing(planted.pool, { first: 1, last: seedsMax }, fuzzScenario);
      if (seed === undefined) throw new Error(`${seedsMax} seeds hold with ${fault.name}`);
      // It is the fault that fails there.
      expect(await firstFailing(healthy.pool, { first: seed, last: seed }, fuzzScenario)).toBeUndefined();
    } finally {
      planted.remove();
    }
  });

  test("is not planted where its line has changed", () => {
    const moved = { name: "moved", file: "packages/core/src/mind.ts", text: "no such line", replacement: "" };
    expect(() => plant(moved, jobs)).toThrow(/moved: .*mind\.ts has not exactly one "no such line"/);
  });
});
