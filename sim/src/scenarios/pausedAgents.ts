import type { Scenario } from "./scenario.ts";

/**
 * One in ten processes is paused for longer than observers wait before they vote it dead, and comes back: each must
 * refute its death, and be held alive again by all.
 */
export const pausedAgents: Scenario = {
  name: "paused-agents",
  title: "10% of the agents are paused beyond suspicion and come back; all hold them alive again",
  agents: 100,
  durationMs: 110_000,
  startSpreadMs: 0,
  steps: [
    { atMs: 20_000, type: "pause", who: { percent: 10, as: "paused" } },
    { atMs: 80_000, type: "resume", who: { named: "paused" } },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "oneView", fromMs: 80_000, withinMs: 20_000 },
  ],
};
