import type { Scenario } from "./scenario.ts";

/** A quiet swarm: what is published to one agent is in force everywhere, twice, with nothing else going on. */
export const cleanPublish: Scenario = {
  name: "clean-publish",
  title: "An author publishes to one agent; all have it in force",
  agents: 100,
  durationMs: 60_000,
  startSpreadMs: 0,
  bundles: [
    {
      stream: "home",
      documents: [
        {
          name: "motd",
          promises: {
            "file:/etc/motd": { content: "generation {generation}\n", mode: "0644" },
            "file:/etc/sensor.toml": { content: "rate = {generation}\n" },
          },
        },
      ],
      scope: ["file:/etc/**"],
      powers: [],
      mode: "enforce",
    },
  ],
  steps: [
    { atMs: 20_000, type: "publish", generation: 1, to: { count: 1 } },
    { atMs: 40_000, type: "publish", generation: 2, to: { count: 1 } },
    { atMs: 50_000, type: "damage", who: { percent: 20 }, resources: 1 },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "inForce", generation: 1, fromMs: 20_000, withinMs: 5_000 },
    { type: "inForce", generation: 2, fromMs: 40_000, withinMs: 5_000 },
    { type: "allKept", fromMs: 50_000, withinMs: 5_000 },
  ],
};
