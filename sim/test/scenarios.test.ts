import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { listScenarios, type Progress, runScenario, type Scenario } from "../src/index.ts";

describe.each(listScenarios().map(({ name }) => name))("the scenario %s", (scenario) => {
  it("holds with its own number of agents", async () => {
    const report = await runScenario({ scenario, seed: 1 });
    expect(report.violations).toEqual([]);
    expect(report.outcome).toBe("held");
    expect(Object.keys(report.milestones).length).toBeGreaterThan(0);
  });

  // Up to 12 everyone observes everyone. Many more seeds and sizes are in test/deep.
  it.each([5, 12])("holds with %i agents", async (agents) => {
    const report = await runScenario({ scenario, agents, seed: agents });
    expect(report.violations).toEqual([]);
  });
});

describe("mass-death", () => {
  it("lets every survivor know every death, and no other", async () => {
    const { counters } = await runScenario({ scenario: "mass-death", agents: 60, seed: 5 });
    expect(counters.deaths).toBe(18 * 42);
    expect(counters.falseDeaths).toBe(0);
  });
});

describe("a run", () => {
  it.each(["mass-death", "byzantine"])(
    "of %s has one hash in two processes, and another for another seed",
    async (scenario) => {
      const script = fileURLToPath(new URL("./hashOf.ts", import.meta.url));
      const hashOf = async (seed: number): Promise<string> => {
        const args = [script, scenario, "20", String(seed)];
        const { stdout } = await promisify(execFile)(process.execPath, args);
        return stdout.trim();
      };
      const [first, again, other] = await Promise.all([hashOf(7), hashOf(7), hashOf(8)]);
      expect(first).toMatch(/^[0-9a-f]{16}$/);
      expect(again).toBe(first);
      expect(other).not.toBe(first);
    },
  );

  it("tells how far it is, and lets the process do other things", async () => {
    const told: Progress[] = [];
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 1);
    const report = await runScenario({
      scenario: "mass-death",
      agents: 300,
      seed: 1,
      onProgress: (progress) => told.push(progress),
    });
    clearInterval(timer);
    expect(told.length).toBeGreaterThan(0);
    expect(ticks).toBeGreaterThan(0);
    for (const { simulatedMs, durationMs, etaMs } of told) {
      expect(simulatedMs).toBeLessThanOrEqual(durationMs);
      expect(etaMs).toBeGreaterThanOrEqual(0);
    }
    expect(report.simulatedMs).toBe(60_000);
  });

  it.each<
    [string, { readonly scenario: string | Scenario; readonly agents?: number; readonly seed: number }]
  >([
    ["No scenario nothing", { scenario: "nothing", seed: 1 }],
    ["1 agents make no swarm", { scenario: "mass-death", agents: 1, seed: 1 }],
    ["0.5 is no seed", { scenario: "mass-death", seed: 0.5 }],
  ])("refuses what cannot be run: %s", async (message, options) => {
    await expect(runScenario(options)).rejects.toThrow(message);
  });
});
