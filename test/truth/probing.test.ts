import { defaultSettings } from "@antibody/core";
import { describe, expect, it } from "vitest";
import { Running } from "../../sim/src/running.ts";
import type { Step } from "../../sim/src/scenarios/step.ts";
import { createCoreMind } from "../../sim/src/world/coreMind.ts";

const agents = 100;
const victims = Array.from({ length: 10 }, (_, index) => `agent-${index * 7 + 1}`);
const firstDeathMs = 20_000;
/** No multiple of the probe interval: deaths fall anywhere within it. */
const deathEveryMs = 7_337;
const { probeIntervalMs, probeTimeoutMs } = defaultSettings;
/** Of two that observe each other, one waits half a timeout longer, so that they do not both probe. */
const periodMs = probeIntervalMs + probeTimeoutMs / 2;
/** Ways over the local network. */
const linksMs = 20;

/** When observers began to suspect each victim, after it lost power, in the order in which they did. */
function suspicions(): readonly (readonly number[])[] {
  const steps = victims.map((name, index): Step => {
    return { atMs: firstDeathMs + index * deathEveryMs, type: "powerOff", who: { names: [name] } };
  });
  const came = new Map(victims.map((name) => [name, [] as number[]]));
  const durationMs = firstDeathMs + victims.length * deathEveryMs;
  const scenario = { name: "probing", title: "Silent deaths", agents, durationMs, startSpreadMs: 0, steps };
  const running: Running = new Running(
    { ...scenario, expectations: [] },
    agents,
    1,
    createCoreMind,
    (_agent, { name, fields }) => {
      if (name !== "swarm.suspected") return;
      const subject = String(fields["name"]);
      const step = steps[victims.indexOf(subject)];
      if (step !== undefined) came.get(subject)?.push(running.simulatedMs - step.atMs);
    },
  );
  while (!running.advance(100_000));
  return [...came.values()];
}

/**
 * SWIM (Das et al. 2002) lets each member probe one other a period, drawn at random: the first probe of a dead one
 * comes after e/(e − 1) = 1.58 periods in the mean, and with a round robin after 2n − 1 at the latest. Observers
 * here probe the same few peers each period: the bounds are those of one period, and they hold for each observer.
 */
describe("silent deaths are found no later than by SWIM", () => {
  const all = suspicions();

  it("first within a period, in the mean sooner than e/(e − 1) periods", () => {
    const firstPeriods = all.map((times) => ((times[0] ?? Number.NaN) - probeTimeoutMs) / periodMs);
    const mean = firstPeriods.reduce((sum, periods) => sum + periods, 0) / firstPeriods.length;
    for (const periods of firstPeriods) expect(periods).toBeLessThan(1 + linksMs / periodMs);
    expect(mean).toBeLessThan(Math.E / (Math.E - 1));
  });

  it("by each observer that finds it alone within a period, where a round robin takes up to 2n − 1", () => {
    for (const times of all) {
      // Two at the least: their word sends the others to see for themselves, and those need not suspect first.
      expect(times.length).toBeGreaterThanOrEqual(2);
      expect(times.at(-1)).toBeLessThan(periodMs + probeTimeoutMs + linksMs);
    }
  });
});
