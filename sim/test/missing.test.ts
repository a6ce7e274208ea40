import { expect, it } from "vitest";
import { Running } from "../src/running.ts";
import type { Scenario } from "../src/scenarios/scenario.ts";
import { createCoreMind } from "../src/world/coreMind.ts";

const victim = "agent-7";
const cutMs = 20_000;
/** "Cable cut (no socket closes): median <= 5 s, max <= 8 s to unreachable at all survivors." */
const medianMsMax = 5_000;
const lastMsMax = 8_000;

const scenario: Scenario = {
  name: "cut-cable",
  title: "One agent's cable is cut",
  agents: 60,
  durationMs: 60_000,
  startSpreadMs: 3_000,
  steps: [{ atMs: cutMs, type: "partition", sides: [{ names: [victim] }] }],
  expectations: [],
};

/** By survivor, how long after the cut it held the victim out of reach, in order. */
function foundMs(seed: number, agents: number): readonly number[] {
  const running = new Running(scenario, agents, seed, createCoreMind);
  const survivors = running.world.agents.filter(({ name }) => name !== victim);
  const found = new Map<string, number>();
  for (let ms = cutMs + 100; ms <= cutMs + 2 * lastMsMax && found.size < survivors.length; ms += 100) {
    running.advance(Number.POSITIVE_INFINITY, ms);
    for (const agent of survivors) {
      const view = running.world.outline(agent)?.members.find(({ name }) => name === victim);
      if (view?.verdict === "unreachable" && !found.has(agent.name)) found.set(agent.name, ms - cutMs);
    }
  }
  expect(found.size).toBe(survivors.length);
  return [...found.values()].sort((left, right) => left - right);
}

it.each(Array.from({ length: 8 }, (_, index) => index + 1))(
  "a cut cable is known to all in time, from seed %i",
  (seed) => {
    const found = foundMs(seed, scenario.agents);
    expect(found[Math.floor(found.length / 2)]).toBeLessThanOrEqual(medianMsMax);
    expect(found.at(-1)).toBeLessThanOrEqual(lastMsMax);
  },
);
