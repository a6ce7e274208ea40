import { motd } from "./motd.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Losses at two hosts add up: half of each share is set on all hosts. TCP makes of every loss a delay, of two in a
 * row a longer one.
 */
export const loss: Scenario = {
  name: "loss",
  title: "1%, 10% and 30% of all packets are lost, at last in bursts; no living agent stays declared dead",
  agents: 100,
  durationMs: 150_000,
  startSpreadMs: 0,
  bundles: [motd],
  steps: [
    { atMs: 15_000, type: "loss", who: { all: true }, lossPerMillion: 5_000, forMs: 30_000 },
    { atMs: 20_000, type: "publish", generation: 1, to: { count: 1 } },
    { atMs: 45_000, type: "loss", who: { all: true }, lossPerMillion: 50_000, forMs: 30_000 },
    { atMs: 50_000, type: "publish", generation: 2, to: { count: 1 } },
    { atMs: 75_000, type: "loss", who: { all: true }, lossPerMillion: 150_000, forMs: 30_000 },
    { atMs: 80_000, type: "publish", generation: 3, to: { count: 1 } },
    {
      atMs: 105_000,
      type: "loss",
      who: { all: true },
      lossPerMillion: 300_000,
      forMs: 20_000,
      bursts: { everyMs: 4_000, lastMs: 1_000 },
    },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "noFalseDeath", fromMs: 15_000, withinMs: 125_000 },
    { type: "inForce", generation: 1, fromMs: 20_000, withinMs: 5_000 },
    { type: "inForce", generation: 2, fromMs: 50_000, withinMs: 10_000 },
    { type: "inForce", generation: 3, fromMs: 80_000, withinMs: 20_000 },
    { type: "oneView", fromMs: 125_000, withinMs: 25_000 },
  ],
};
