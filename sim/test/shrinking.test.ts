import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { listScenarios, replay, type Scenario, shrink, WorkerPool } from "../src/index.ts";
import { play } from "../src/replaying/play.ts";
import { ddmin } from "../src/shrinking/ddmin.ts";
import { concrete, faultCount, faultsOf, tidied, withFaults } from "../src/shrinking/faults.ts";

const pool = new WorkerPool(
  { file: process.execPath, args: [new URL("./worker.ts", import.meta.url).pathname] },
  2,
);
afterAll(() => pool.close());

describe("ddmin", () => {
  it("leaves a part that fails, and of which nothing can be left out", async () => {
    const lists = fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(lists, fc.infiniteStream(fc.nat()), async (items, picks) => {
        // Fails with all of some items, however many others there are.
        const needed = new Set([...picks.take(4)].map((pick) => items[pick % items.length]));
        const fails = (part: readonly number[]): boolean =>
          [...needed].every((item) => part.includes(item as number));
        const least = await ddmin(items, async (candidates) => {
          const found = candidates.findIndex(fails);
          return found < 0 ? undefined : found;
        });
        expect(new Set(least)).toEqual(needed);
      }),
    );
  });

  it("finds ten of two hundred in far fewer tries than there are items squared", async () => {
    const items = Array.from({ length: 200 }, (_, index) => index);
    let tries = 0;
    const least = await ddmin(items, async (candidates) => {
      for (const [index, part] of candidates.entries()) {
        tries += 1;
        if ([3, 19, 20, 21, 77, 78, 101, 140, 150, 199].every((item) => part.includes(item))) return index;
      }
      return undefined;
    });
    expect(least).toHaveLength(10);
    expect(tries).toBeLessThan(1_000);
  });

  it("asks for the whole list of nothing first", async () => {
    expect(await ddmin([1, 2, 3], async () => 0)).toEqual([]);
  });
});

describe("a scenario with every agent named", () => {
  it.each(listScenarios().map(({ name }) => name))("%s goes as it did when they were drawn", async (name) => {
    const scenario = listScenarios().find((one) => one.name === name) as Scenario;
    const drawn = await play({ scenario, agents: 20, seed: 7 });
    const named = concrete(scenario, drawn.running.drawn);
    expect(JSON.stringify(named.steps)).not.toMatch(/"(?:percent|count|all)"/);
    const again = await play({ scenario: named, agents: 20, seed: 7 });
    expect(again.hash).toBe(drawn.hash);
    // All of its faults are all that happens.
    expect(withFaults(named, faultsOf(named))).toEqual(named);
  });
});

const whole: Scenario = {
  name: "many",
  title: "Many faults, one of which matters",
  agents: 12,
  durationMs: 40_000,
  startSpreadMs: 0,
  steps: [
    { atMs: 5_000, type: "pause", who: { names: ["agent-1", "agent-2"] }, forMs: 1_000 },
    { atMs: 8_000, type: "cut", from: { names: ["agent-3"] }, to: { names: ["agent-4", "agent-5"] } },
    { atMs: 9_000, type: "heal" },
    { atMs: 10_000, type: "kill", who: { percent: 50, as: "half" } },
    { atMs: 12_000, type: "restart", who: { named: "half" } },
    { atMs: 20_000, type: "powerOff", who: { names: ["agent-7", "agent-8"] } },
  ],
  // A host without power is missed after more than ten seconds.
  expectations: [
    { type: "oneView", fromMs: 1_000, withinMs: 4_000 },
    { type: "deathsKnown", fromMs: 20_000, withinMs: 5_000 },
  ],
};

describe("faults", () => {
  it("are counted as people would: by agent, and one for each cut of the network", () => {
    const named = {
      ...whole,
      steps: whole.steps.filter(({ type }) => type !== "kill" && type !== "restart"),
    };
    expect(faultCount(named)).toBe(2 + 1 + 2);
    expect(faultsOf(named)).toHaveLength(2 + 3 + 2);
  });

  it("are left out with the steps that they were all of; what ends them is tidied up", () => {
    const steps = whole.steps.filter(({ type }) => type !== "kill" && type !== "restart");
    const named = { ...whole, steps };
    const last = faultsOf(named).filter(({ name }) => name === "agent-8");
    const left = withFaults(named, last);
    expect(left.steps.map(({ type }) => type)).toEqual(["heal", "powerOff"]);
    expect(tidied(left).steps).toEqual([{ atMs: 20_000, type: "powerOff", who: { names: ["agent-8"] } }]);
  });
});

describe("shrink", () => {
  it("finds the one fault that matters, in a small swarm, and a bundle that plays again", async () => {
    const shrunk = await shrink({ scenario: whole, agents: 12, seed: 3, build: "test", pool });
    if (shrunk === undefined) throw new Error("it holds");
    const { bundle, faultsBefore, faultsAfter } = shrunk;
    expect(faultsBefore).toBe(2 + 1 + 6 + 2);
    expect(faultsAfter).toBe(1);
    expect(bundle).toMatchObject({ agents: 4, seed: 3, violation: { invariant: "deathsKnownMs@20s" } });
    expect(bundle.scenario.steps).toEqual([{ atMs: 20_000, type: "powerOff", who: { names: ["agent-0"] } }]);
    expect(bundle.scenario.durationMs).toBe(25_000);
    const replayed = await replay(JSON.parse(JSON.stringify(bundle)), {});
    expect(replayed).toMatchObject({ isEqual: true, isReached: true, violations: [bundle.violation] });
  });

  it("finds nothing where nothing is violated, or not what was asked for", async () => {
    const holds = { ...whole, steps: [], expectations: whole.expectations.slice(0, 1) };
    expect(await shrink({ scenario: holds, agents: 4, seed: 3, build: "test", pool })).toBeUndefined();
    const other = { scenario: whole, agents: 12, seed: 3, build: "test", pool, invariant: "policy" };
    expect(await shrink(other)).toBeUndefined();
  });
});
