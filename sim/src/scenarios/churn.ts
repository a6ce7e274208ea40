import { motd } from "./motd.ts";
import type { Scenario } from "./scenario.ts";

/** Half of the agents come and go all the time, killed or without power; policy is published meanwhile. */
export const churn: Scenario = {
  name: "churn",
  title:
    "Half of the agents come and go for 40 s, about two a second; what was published is in force, the view one",
  agents: 50,
  durationMs: 100_000,
  startSpreadMs: 2_000,
  bundles: [motd],
  steps: [
    { atMs: 15_000, type: "publish", generation: 1, to: { count: 1 } },
    {
      atMs: 20_000,
      type: "churn",
      who: { percent: 50, as: "restless" },
      everyMs: 1_000,
      downMs: 4_000,
      forMs: 40_000,
    },
    {
      atMs: 20_000,
      type: "churn",
      who: { named: "restless" },
      everyMs: 1_000,
      downMs: 8_000,
      forMs: 40_000,
      how: "powerOff",
    },
    { atMs: 35_000, type: "publish", generation: 2, to: { count: 1 } },
    { atMs: 50_000, type: "publish", generation: 3, to: { count: 1 } },
  ],
  expectations: [
    { type: "oneView", fromMs: 5_000, withinMs: 10_000 },
    { type: "inForce", generation: 3, fromMs: 60_000, withinMs: 25_000 },
    { type: "deathsKnown", fromMs: 60_000, withinMs: 35_000 },
    { type: "oneView", fromMs: 60_000, withinMs: 35_000 },
  ],
};
