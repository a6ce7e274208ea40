import { defaultSettings, type Settings, takeoverMs } from "@antibody/core";
import { describe, expect, it } from "vitest";
import { roleFaults, singleCrashes } from "../src/fuzzing/roles.ts";
import { type RoleSchedule, runRole } from "../src/index.ts";
import { RoleTimes } from "../src/invariants/roles.ts";
import { Running } from "../src/running.ts";
import type { Scenario } from "../src/scenarios/scenario.ts";
import { runJob } from "../src/sweeping/job.ts";
import type { CreateMind } from "../src/world/agent.ts";
import { createCoreMind } from "../src/world/coreMind.ts";

/** `npm run test:deep` runs a thousand of each. */
const seeds = Array.from({ length: 25 }, (_, index) => index + 1);
const schedules: readonly RoleSchedule[] = ["singleCrashes", "roleFaults", "soleHolder"];

describe.each(schedules)("a role through %s", (schedule) => {
  it.each(seeds)(
    "is neither nobody's nor too many's for longer than its bounds, from seed %i",
    async (seed) => {
      const { violations, noneMsMax, overlapMsMax } = await runRole(schedule, seed);
      expect(violations).toEqual([]);
      if (schedule === "singleCrashes")
        expect({ noneMsMax, overlapMsMax }).toEqual({ noneMsMax: 0, overlapMsMax: 0 });
    },
  );
});

describe("a lease through faults, lost votes, and clocks that jump and drift", () => {
  let changes = 0;

  it.each(seeds.slice(0, 8))("is held by one at most, and in the end by one, from seed %i", async (seed) => {
    const { violations, isLeased, epochs } = await runRole("leaseFaults", seed);
    expect(violations).toEqual([]);
    expect(isLeased).toBe(true);
    changes += epochs - 1;
  });

  it("has changed hands in them, or they would say nothing", () => {
    expect(changes).toBeGreaterThanOrEqual(8);
  });
});

it("comes to the same from the same seed", async () => {
  const scenario = roleFaults(3);
  const run = (): ReturnType<typeof runJob> => runJob({ scenario, agents: scenario.agents, seed: 3 });
  expect((await run()).hash).toBe((await run()).hash);
});

/** What was violated in a scenario of minds with these settings, which the measure does not know of. */
function violationsOf(scenario: Scenario, settings: Partial<Settings>): readonly string[] {
  const createMind: CreateMind = (options, boot) =>
    createCoreMind({ ...options, settings: { ...options.settings, ...settings } }, boot);
  const running = new Running(scenario, scenario.agents, scenario.seed ?? 1, createMind);
  running.advance(Number.POSITIVE_INFINITY);
  return running.watching.violations.map(({ detail }) => detail);
}

describe("the measure of a role", () => {
  it("finds that nobody runs it, whatever the agents say", () => {
    const scenario = { ...singleCrashes(1), steps: singleCrashes(1).steps.slice(0, 1) };
    const running = new Running(scenario, scenario.agents, 1, createCoreMind);
    const times = new RoleTimes(running.world, scenario);
    const looked: string[] = [];
    for (let ms = 20_000; ms <= 20_000 + 2 * takeoverMs(defaultSettings); ms += 100) {
      running.advance(Number.POSITIVE_INFINITY, ms);
      for (const { device } of running.world.agents) device.endChildren();
      looked.push(...times.look());
    }
    expect(looked).toEqual(["nobody runs process:web for more than 10000 ms"]);
  });

  it("finds that too many run it without a reason, where nobody listens before taking it up", () => {
    expect(violationsOf(singleCrashes(1), { roleSettleMs: 0 })).toContain(
      "more than 2 that reach each other run process:web, and no detector had a reason to err",
    );
  });

  it("finds that too many run it for too long, where nobody yields", () => {
    const all = seeds
      .slice(0, 8)
      .flatMap((seed) => violationsOf(roleFaults(seed), { roleYieldMs: 1_000_000 }));
    expect(all).toContain("more than 2 that reach each other run process:web, for more than 42500 ms");
  });
});
