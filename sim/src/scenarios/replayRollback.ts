import { motd } from "./motd.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Old policy is sent again and again, soundly signed, while half of the devices lose power and come back: a floor
 * that is not on the card would let it in.
 */
export const replayRollback: Scenario = {
  name: "replay-rollback",
  title: "Old policy and old rumors are replayed while half of the devices reboot; nothing is rolled back",
  agents: 100,
  durationMs: 100_000,
  startSpreadMs: 0,
  bundles: [motd],
  steps: [
    { atMs: 10_000, type: "publish", generation: 1, to: { count: 1 } },
    { atMs: 15_000, type: "publish", generation: 2, to: { count: 1 } },
    {
      atMs: 20_000,
      type: "replayPolicy",
      generation: 1,
      by: { percent: 10, as: "keepers" },
      everyMs: 2_000,
      forMs: 60_000,
    },
    { atMs: 20_000, type: "corrupt", who: { named: "keepers" }, habits: ["replayRumors"], everyMs: 2_000 },
    { atMs: 30_000, type: "powerOff", who: { percent: 50, as: "half" } },
    { atMs: 32_000, type: "restart", who: { named: "half" } },
    { atMs: 45_000, type: "publish", generation: 3, to: { count: 1 } },
    { atMs: 45_050, type: "powerOff", who: { named: "half" } },
    { atMs: 60_000, type: "restart", who: { named: "half" } },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 6_000 },
    { type: "inForce", generation: 2, fromMs: 32_000, withinMs: 2_000 },
    { type: "inForce", generation: 3, fromMs: 60_000, withinMs: 10_000 },
    { type: "deathsKnown", fromMs: 60_000, withinMs: 30_000 },
    { type: "oneView", fromMs: 60_000, withinMs: 35_000 },
  ],
};
