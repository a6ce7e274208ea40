import type { Scenario } from "./scenario.ts";

/** Three of ten processes are killed at once: every survivor must hold exactly these dead. */
export const massDeath: Scenario = {
  name: "mass-death",
  title: "30% of the agents are killed at once; all others know exactly who is dead",
  agents: 100,
  durationMs: 60_000,
  startSpreadMs: 0,
  steps: [{ atMs: 20_000, type: "kill", who: { percent: 30, as: "victims" } }],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "noFalseDeath", fromMs: 20_000, withinMs: 40_000 },
    { type: "deathsKnown", fromMs: 20_000, withinMs: 30_000 },
    { type: "oneView", fromMs: 50_000, withinMs: 5_000 },
  ],
};
