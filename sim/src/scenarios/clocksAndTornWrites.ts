import { motd } from "./motd.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Clocks that were never set, that jump, and that run 5% too fast or too slow; and power that fails in the middle of
 * writing, three times, the first time while policy arrives.
 */
export const clocksAndTornWrites: Scenario = {
  name: "clocks-and-torn-writes",
  title: "Clocks jump and drift, power fails in the middle of writing; nothing in force is lost",
  agents: 100,
  durationMs: 120_000,
  startSpreadMs: 0,
  bundles: [motd],
  steps: [
    { atMs: 8_000, type: "clock", who: { percent: 20 }, wallJumpMs: -31_536_000_000 },
    { atMs: 8_000, type: "clock", who: { percent: 20, as: "jumpy" }, driftPerMillion: 50_000 },
    { atMs: 8_000, type: "clock", who: { percent: 20 }, driftPerMillion: -50_000 },
    { atMs: 15_000, type: "publish", generation: 1, to: { count: 1 } },
    { atMs: 15_200, type: "powerOff", who: { percent: 30, as: "torn" }, torn: true },
    { atMs: 25_000, type: "restart", who: { named: "torn" } },
    { atMs: 30_000, type: "clock", who: { named: "jumpy" }, wallJumpMs: 86_400_000 },
    { atMs: 40_000, type: "damage", who: { named: "torn" }, resources: 1 },
    { atMs: 40_010, type: "powerOff", who: { named: "torn" }, torn: true },
    { atMs: 55_000, type: "restart", who: { named: "torn" } },
    { atMs: 65_000, type: "publish", generation: 2, to: { count: 1 } },
    { atMs: 65_100, type: "powerOff", who: { named: "torn" }, torn: true },
    { atMs: 66_000, type: "restart", who: { named: "torn" } },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 5_000 },
    { type: "inForce", generation: 1, fromMs: 25_000, withinMs: 10_000 },
    { type: "inForce", generation: 2, fromMs: 66_000, withinMs: 10_000 },
    { type: "allKept", fromMs: 66_000, withinMs: 15_000 },
    { type: "deathsKnown", fromMs: 66_000, withinMs: 30_000 },
    { type: "oneView", fromMs: 66_000, withinMs: 40_000 },
  ],
};
