import type { Scenario } from "./scenario.ts";

/** The network splits in two halves and heals: one view again, and what was published in one half is in force in both. */
export const partitionHeal: Scenario = {
  name: "partition-heal",
  title: "Two halves cannot reach each other for 20 s; after the heal they agree again",
  agents: 100,
  durationMs: 90_000,
  startSpreadMs: 0,
  bundles: [
    {
      stream: "home",
      documents: [{ name: "motd", promises: { "file:/etc/motd": { content: "generation {generation}\n" } } }],
      scope: ["file:/etc/**"],
      powers: [],
      mode: "enforce",
    },
  ],
  steps: [
    { atMs: 20_000, type: "partition", sides: [{ percent: 50 }] },
    { atMs: 25_000, type: "publish", generation: 1, to: { count: 1 } },
    { atMs: 40_000, type: "heal" },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "inForce", generation: 1, fromMs: 40_000, withinMs: 30_000 },
    { type: "oneView", fromMs: 40_000, withinMs: 40_000 },
  ],
};
