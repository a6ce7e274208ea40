import { describe, expect, it } from "vitest";
import { runScenario } from "../src/index.ts";

describe("seeds that once broke a scenario", () => {
  // Killed neighbors counted as each other's living observers, and lacked a quorum forever.
  it.each([33, 37])(
    "mass-death of 60 agents with seed %i: everyone killed is known to be dead",
    async (seed) => {
      const report = await runScenario({ scenario: "mass-death", agents: 60, seed });
      expect(report.violations).toEqual([]);
      expect(report.outcome).toBe("held");
      expect(report.counters.falseDeaths).toBe(0);
    },
  );
});
