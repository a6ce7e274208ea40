import type { Scenario } from "./scenario.ts";

/**
 * Damage at a steady rate, about one resource in two seconds on every device, and on some of them a process that
 * undoes every repair of one file. Repair must be at least as fast as damage; where something fights, the agent must
 * say so instead of going round in circles.
 */
export const damageAndFight: Scenario = {
  name: "damage-and-fight",
  title: "Devices are damaged all the time and all is repaired; where a process fights back, it is contested",
  agents: 50,
  durationMs: 215_000,
  startSpreadMs: 0,
  bundles: [
    {
      stream: "home",
      documents: [
        {
          name: "files",
          promises: {
            "file:/etc/motd": { content: "generation {generation}\n", mode: "0644" },
            "file:/etc/issue": { content: "{generation}\n" },
            "directory:/srv/data": {},
            "process:sensor": { command: ["/usr/bin/sensor"] },
          },
        },
        { name: "fought", promises: { "file:/etc/fought": { content: "{generation}\n" } } },
      ],
      scope: ["file:/etc/**", "directory:/srv/**", "process:*"],
      powers: ["process"],
      mode: "enforce",
    },
  ],
  steps: [
    { atMs: 10_000, type: "publish", generation: 1, to: { count: 1 } },
    { atMs: 20_000, type: "damage", who: { all: true }, resources: 1, everyMs: 2_000, forMs: 40_000 },
    {
      atMs: 20_000,
      type: "fight",
      who: { percent: 20, as: "fought" },
      resource: "file:/etc/fought",
      afterMs: 500,
      forMs: 40_000,
    },
  ],
  expectations: [
    { type: "inForce", generation: 1, fromMs: 10_000, withinMs: 5_000 },
    { type: "allKept", fromMs: 12_000, withinMs: 6_000 },
    {
      type: "phase",
      resource: "file:/etc/fought",
      phase: "contested",
      who: "fought",
      fromMs: 20_000,
      withinMs: 40_000,
    },
    { type: "allKept", fromMs: 60_000, withinMs: 150_000 },
  ],
};
