import { motd } from "./motd.ts";
import type { Scenario } from "./scenario.ts";

/**
 * One in ten devices takes 10 ms for every step of its agent, and one in ten agents stands still for a while, again
 * and again, each time for less than what observers wait. Slow is not dead.
 */
export const slowAndPaused: Scenario = {
  name: "slow-and-paused",
  title: "10% of the devices are slow, 10% of the agents stand still for 3 to 15 s; none is declared dead",
  agents: 100,
  durationMs: 100_000,
  startSpreadMs: 0,
  bundles: [motd],
  steps: [
    {
      atMs: 10_000,
      type: "slow",
      who: { percent: 10 },
      times: { stepUs: 10_000, actUsMin: 200_000, actUsMax: 2_000_000 },
    },
    { atMs: 20_000, type: "pause", who: { percent: 10, as: "still" }, forMs: 3_000 },
    { atMs: 30_000, type: "pause", who: { named: "still" }, forMs: 8_000 },
    { atMs: 35_000, type: "publish", generation: 1, to: { count: 1 } },
    { atMs: 50_000, type: "pause", who: { named: "still" }, forMs: 15_000 },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "noFalseDeath", fromMs: 10_000, withinMs: 85_000 },
    { type: "inForce", generation: 1, fromMs: 35_000, withinMs: 20_000 },
    { type: "oneView", fromMs: 65_000, withinMs: 30_000 },
    { type: "allKept", fromMs: 65_000, withinMs: 20_000 },
  ],
};
