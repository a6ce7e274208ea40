import { beforeEach, describe, expect, it, vi } from "vitest";
import { fuzzScenario, listScenarios, runScenario, type Scenario } from "../src/index.ts";

/** Whether the next world turns round the order of agents whose events are due at one time, and how often it did. */
const order = vi.hoisted(() => ({ isTurned: false, turned: 0 }));

vi.mock("../src/engine/eventQueue.ts", async (importActual) => {
  const actual = await importActual<typeof import("../src/engine/eventQueue.ts")>();
  class TurnedQueue extends actual.EventQueue {
    #lastUs = 0;
    #last = 0;

    constructor(agents: number) {
      super(
        agents,
        order.isTurned ? Int32Array.from({ length: agents }, (_, at) => agents - 1 - at) : undefined,
      );
    }

    override pop(): boolean {
      const isThere = super.pop();
      if (this.nowUs === this.#lastUs && this.destination >= 0 && this.destination < this.#last)
        order.turned += 1;
      this.#lastUs = this.nowUs;
      this.#last = this.destination;
      return isThere;
    }
  }
  return { EventQueue: TurnedQueue };
});

async function hashOf(scenario: Scenario, agents: number, isTurned: boolean): Promise<string> {
  order.isTurned = isTurned;
  return (await runScenario({ scenario, agents, seed: 1 })).hash;
}

/** Everything takes the same time everywhere: thousands of events are due in one instant. */
const still = { jitterUs: 0, latencyUsMin: 1_000, latencyUsMax: 1_000 };

describe("the order of agents whose events are due at one time", () => {
  beforeEach(() => {
    order.turned = 0;
  });

  it.each(listScenarios())("is no part of $name where all links are alike", async (scenario) => {
    const alike = { ...scenario, links: { ...scenario.links, ...still } };
    const usual = await hashOf(alike, 12, false);
    expect(order.turned).toBe(0);
    expect(await hashOf(alike, 12, true)).toBe(usual);
    expect(order.turned).toBeGreaterThan(50);
  });

  it.each([1, 2, 3, 4, 5, 6])("is no part of a schedule of faults, seed %i", async (seed) => {
    const scenario = fuzzScenario(seed);
    expect(await hashOf(scenario, scenario.agents, true)).toBe(
      await hashOf(scenario, scenario.agents, false),
    );
  });
});
