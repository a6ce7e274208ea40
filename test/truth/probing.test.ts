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
const { lookIntervalMs, probeTimeoutMs, freshTimeoutMs } = defaultSettings;
/** SWIM's period at the same load: a probe counts as a look at both of its ends, so each agent sends one in two looks. */
const periodMs = 2 * lookIntervalMs;
/**
 * Until what one says has reached the others: who was asked before its own look waits for its turn among ten observers,
 * and then the word goes hop by hop.
 */
const saidMs = 10 * 100 + 500;

/** When observers first found anything of each victim, after it lost power, in the order in which they did. */
function findings(): readonly (readonly number[])[] {
  const steps = victims.map((name, index): Step => {
    return { atMs: firstDeathMs + index * deathEveryMs, type: "powerOff", who: { names: [name] } };
  });
  const came = new Map(victims.map((name) => [name, new Map<string, number>()]));
  const told = new Set<string>();
  const durationMs = firstDeathMs + victims.length * deathEveryMs;
  const scenario = { name: "probing", title: "Silent deaths", agents, durationMs, startSpreadMs: 0, steps };
  const running: Running = new Running(
    { ...scenario, expectations: [] },
    agents,
    1,
    createCoreMind,
    (agent, { name, fields }) => {
      if (!["swarm.suspected", "swarm.unreachable"].includes(name)) return;
      const subject = String(fields["name"]);
      // What others say to miss has their names beside it: who goes by that is no observer, and looks for itself later.
      if (fields["by"] !== undefined) told.add(`${agent.name} of ${subject}`);
      if (told.has(`${agent.name} of ${subject}`)) return;
      const step = steps[victims.indexOf(subject)];
      const times = came.get(subject);
      if (step === undefined || times?.has(agent.name) !== false) return;
      const tookMs = running.simulatedMs - step.atMs;
      // The next death brings new observers into the places of the dead, and they begin anew.
      if (tookMs < deathEveryMs) times.set(agent.name, tookMs);
    },
  );
  while (!running.advance(100_000));
  return [...came.values()].map((times) => [...times.values()]);
}

/**
 * SWIM (Das et al. 2002) lets each member probe one other a period, drawn at random: the first probe of a dead one
 * comes after e/(e − 1) = 1.58 periods in the mean, and with a round robin after 2n − 1 at the latest. Observers here
 * share the looks at the same few peers, evenly spread, and tell each other of the first that is in vain.
 */
describe("silent deaths are found no later than by SWIM at the same load", () => {
  const all = findings();

  it("first in the mean within half of e/(e − 1) periods, and within two at the latest", () => {
    const firstPeriods = all.map((times) => ((times[0] ?? Number.NaN) - probeTimeoutMs) / periodMs);
    const mean = firstPeriods.reduce((sum, periods) => sum + periods, 0) / firstPeriods.length;
    for (const periods of firstPeriods) expect(periods).toBeLessThan(2);
    expect(mean).toBeLessThan(Math.E / (Math.E - 1) / 2);
  });

  it("by all observers once one has made sure, where a round robin takes up to 2n − 1 periods", () => {
    for (const times of all) {
      expect(times.length).toBeGreaterThanOrEqual(7);
      // It makes sure by a fresh connection and says so, and the others try one too.
      expect(times.at(-1)).toBeLessThan((times[0] ?? 0) + 2 * freshTimeoutMs + saidMs);
    }
  });
});
