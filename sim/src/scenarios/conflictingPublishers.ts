import type { Scenario, ScenarioBundle } from "./scenario.ts";

function bundle(stream: string, rank: number, file: string, content: string): ScenarioBundle {
  return {
    stream,
    documents: [{ name: stream, promises: { [`file:/etc/${file}`]: { content } } }],
    scope: ["file:/etc/**"],
    powers: [],
    mode: "enforce",
    rank,
  };
}

/**
 * Four authors at once: the vendor outranks the home over one file, two of one rank want different things of another,
 * and one signs two bodies for one generation. Whoever comes first must not win.
 */
export const conflictingPublishers: Scenario = {
  name: "conflicting-publishers",
  title: "Authors disagree: rank decides alike everywhere, equals and an equivocating author are held back",
  agents: 100,
  durationMs: 70_000,
  startSpreadMs: 0,
  bundles: [
    bundle("home", 100, "motd", "home {generation}\n"),
    bundle("vendor", 200, "motd", "vendor {generation}\n"),
    bundle("east", 100, "issue", "east {generation}\n"),
    bundle("west", 100, "issue", "west {generation}\n"),
    bundle("twice", 100, "twice", "{variant}\n"),
  ],
  steps: [
    { atMs: 15_000, type: "publish", bundle: "home", generation: 1, to: { count: 1 } },
    { atMs: 20_000, type: "publish", bundle: "vendor", generation: 1, to: { count: 1 } },
    { atMs: 25_000, type: "publish", bundle: "home", generation: 2, to: { count: 1 } },
    { atMs: 30_000, type: "publish", bundle: "east", generation: 1, to: { count: 1 } },
    { atMs: 30_000, type: "publish", bundle: "west", generation: 1, to: { count: 1 } },
    { atMs: 40_000, type: "publish", bundle: "twice", generation: 1, variant: "one", to: { count: 1 } },
    { atMs: 40_000, type: "publish", bundle: "twice", generation: 1, variant: "other", to: { count: 1 } },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "keptAs", resource: "file:/etc/motd", bundle: "home", fromMs: 15_000, withinMs: 5_000 },
    { type: "keptAs", resource: "file:/etc/motd", bundle: "vendor", fromMs: 20_000, withinMs: 5_000 },
    { type: "inForce", bundle: "home", generation: 2, fromMs: 25_000, withinMs: 5_000 },
    { type: "keptAs", resource: "file:/etc/motd", bundle: "vendor", fromMs: 30_000, withinMs: 5_000 },
    { type: "heldBack", bundle: "east", fromMs: 30_000, withinMs: 10_000 },
    { type: "heldBack", bundle: "west", fromMs: 30_000, withinMs: 10_000 },
    { type: "heldBack", bundle: "twice", fromMs: 40_000, withinMs: 25_000 },
    { type: "oneView", fromMs: 40_000, withinMs: 25_000 },
  ],
};
