import { runScenario } from "@antibody/sim";
import { describe, expect, test } from "vitest";

/** Seeds of a thousand agents each; about half a minute of processor time every one. */
const seeds = [1, 2, 3];

describe("a bad generation in ten waves over a thousand agents", () => {
  test.each(seeds)(
    "hurts the first wave at most, all return, and its cure reaches everyone: seed %i",
    async (seed) => {
      const report = await runScenario({ scenario: "bad-canary", agents: 1_000, seed });
      expect(report.violations).toEqual([]);
      expect(report.outcome).toBe("held");
      expect(Object.keys(report.milestones)).toContain("generation2confinedMs@20s");
    },
  );

  test("looks the same where every receiver verifies every report itself", async () => {
    const shared = await runScenario({ scenario: "bad-canary", agents: 60, seed: 4 });
    const audited = await runScenario({ scenario: "bad-canary", agents: 60, seed: 4, audit: true });
    expect(audited.violations).toEqual([]);
    expect(audited.hash).toBe(shared.hash);
  });
});
