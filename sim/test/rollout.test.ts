import { describe, expect, it } from "vitest";
import { runScenario, type Scenario } from "../src/index.ts";
import { badCanary } from "../src/scenarios/badCanary.ts";
import type { Step } from "../src/scenarios/step.ts";

const publishBad = badCanary.steps.find((step) => step.type === "publish" && step.generation === 2) as Step;

/** The bad generation alone, and what else happens meanwhile. */
function badWith(steps: readonly Step[]): Scenario {
  return {
    ...badCanary,
    agents: 12,
    durationMs: 70_000,
    steps: [...badCanary.steps.filter(({ atMs }) => atMs < 20_000), publishBad, ...steps],
    expectations: [
      { type: "inForce", generation: 1, fromMs: 10_000, withinMs: 8_000 },
      { type: "confined", generation: 2, waves: 1, fromMs: 20_000, withinMs: 45_000 },
      { type: "backAt", generation: 1, fromMs: 45_000, withinMs: 20_000 },
    ],
  };
}

describe("a bad generation", () => {
  it("is undone by devices that lost power while they tried it, and stays undone when they lose it again", async () => {
    const cut = (atMs: number): readonly Step[] => [
      { atMs, type: "powerOff", who: { all: true }, torn: true },
      { atMs: atMs + 1_000, type: "restart", who: { all: true } },
    ];
    const scenario = badWith([...cut(22_000), ...cut(40_000)]);
    const neverAgain = {
      type: "confined",
      generation: 2,
      waves: 0,
      fromMs: 41_000,
      withinMs: 25_000,
    } as const;
    const expectations = [...scenario.expectations, neverAgain];
    const report = await runScenario({ scenario: { ...scenario, expectations }, seed: 3 });
    expect(report.violations).toEqual([]);
    expect(report.outcome).toBe("held");
  });

  it("reaches nobody else where the network is cut right after it was published", async () => {
    const half = { percent: 50, as: "half" } as const;
    const steps: readonly Step[] = [
      { atMs: 20_500, type: "partition", sides: [half] },
      { atMs: 40_000, type: "heal" },
    ];
    const report = await runScenario({ scenario: badWith(steps), seed: 5 });
    expect(report.violations).toEqual([]);
  });
});

describe("a good generation in waves", () => {
  it("reaches those who missed all that was said of it, by anti-entropy", async () => {
    const percents = [20, 50, 100];
    const scenario: Scenario = {
      ...badCanary,
      agents: 12,
      durationMs: 110_000,
      steps: [
        { atMs: 10_000, type: "publish", generation: 1, to: { count: 1 } },
        { atMs: 19_000, type: "partition", sides: [{ percent: 40, as: "away" }] },
        {
          atMs: 20_000,
          type: "publish",
          generation: 2,
          to: { count: 1 },
          staged: { percents, holdMs: 500, withinMs: 10_000 },
        },
        { atMs: 50_000, type: "heal" },
      ],
      expectations: [{ type: "inForce", generation: 2, fromMs: 50_000, withinMs: 55_000 }],
    };
    const report = await runScenario({ scenario, seed: 2 });
    expect(report.violations).toEqual([]);
  });
});
