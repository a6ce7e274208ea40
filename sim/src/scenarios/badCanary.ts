import type { Scenario } from "./scenario.ts";

const percents = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];

/**
 * A generation that no device can keep goes out in ten waves. The first wave takes it up, fails, and goes back by
 * itself; nobody says that it is well, so no other wave begins. The cure goes the same way, and reaches everyone.
 */
export const badCanary: Scenario = {
  name: "bad-canary",
  title:
    "A bad generation hurts the first of ten waves, which goes back by itself; its cure reaches everyone",
  agents: 100,
  durationMs: 150_000,
  startSpreadMs: 0,
  bundles: [
    {
      stream: "home",
      documents: [
        {
          name: "sensor",
          promises: {
            "file:/etc/motd": { content: "generation {generation}\n" },
            "file:/etc/sensor.toml": { content: "rate = {generation}\n", mode: "0644" },
          },
        },
      ],
      scope: ["file:/etc/**"],
      powers: [],
      mode: "enforce",
    },
  ],
  steps: [
    { atMs: 10_000, type: "publish", generation: 1, to: { count: 1 } },
    {
      atMs: 15_000,
      type: "defect",
      who: { all: true },
      resource: "file:/etc/sensor.toml",
      text: "rate = 2",
    },
    {
      atMs: 20_000,
      type: "publish",
      generation: 2,
      to: { count: 1 },
      staged: { percents, holdMs: 1_000, withinMs: 20_000 },
    },
    {
      atMs: 70_000,
      type: "publish",
      generation: 3,
      to: { count: 1 },
      staged: { percents, holdMs: 1_000, withinMs: 20_000 },
    },
  ],
  expectations: [
    { type: "inForce", generation: 1, fromMs: 10_000, withinMs: 8_000 },
    { type: "confined", generation: 2, waves: 1, fromMs: 20_000, withinMs: 50_000 },
    { type: "triedBy", generation: 2, fromMs: 20_000, withinMs: 10_000 },
    { type: "backAt", generation: 1, fromMs: 20_000, withinMs: 50_000 },
    { type: "inForce", generation: 3, fromMs: 70_000, withinMs: 75_000 },
    { type: "allKept", fromMs: 130_000, withinMs: 15_000 },
  ],
};
