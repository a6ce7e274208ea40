import { afterEach, describe, expect, it, vi } from "vitest";
import { Own } from "../../packages/core/src/swarm/members/own.ts";
import { runScenario } from "../src/index.ts";

afterEach(() => vi.restoreAllMocks());

describe("a core without refutation", () => {
  it("fails the scenario in which paused agents come back", async () => {
    vi.spyOn(Own.prototype, "refute").mockImplementation(() => undefined);
    const report = await runScenario({ scenario: "paused-agents", agents: 40, seed: 1 });
    expect(report.outcome).toBe("violated");
    expect(report.counters.refutations).toBe(0);
    expect(report.violations.map(({ invariant }) => invariant)).toContain("falseDeath");
  });

  it("is what the shipped core is not", async () => {
    const report = await runScenario({ scenario: "paused-agents", agents: 40, seed: 1 });
    expect(report.outcome).toBe("held");
    expect(report.counters.refutations).toBeGreaterThan(0);
  });
});
