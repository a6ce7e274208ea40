import { motd } from "./motd.ts";
import type { Scenario } from "./scenario.ts";

/**
 * One in ten members is in one hand: it forges, colludes, replays, lies for others and passes nothing on. None of the
 * others may be taken for dead by its word, nothing that it signed may be enforced, and it stops nothing.
 */
export const byzantine: Scenario = {
  name: "byzantine",
  title: "10% of the members forge, collude and replay; nobody dies of it, nothing of it is enforced",
  agents: 40,
  durationMs: 80_000,
  startSpreadMs: 0,
  bundles: [motd],
  steps: [
    { atMs: 15_000, type: "publish", generation: 1, to: { count: 1 } },
    {
      atMs: 20_000,
      type: "corrupt",
      who: { percent: 10 },
      habits: [
        "forgeEntries",
        "forgeDeaths",
        "forgePolicy",
        "falseVotes",
        "replayRumors",
        "swallowGossip",
        "lieForOthers",
        "lieAboutDigests",
      ],
      everyMs: 5_000,
    },
    { atMs: 40_000, type: "publish", generation: 2, to: { count: 1 } },
    { atMs: 50_000, type: "kill", who: { count: 2 } },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "noFalseDeath", fromMs: 20_000, withinMs: 55_000 },
    { type: "inForce", generation: 2, fromMs: 40_000, withinMs: 10_000 },
    { type: "deathsKnown", fromMs: 50_000, withinMs: 25_000 },
    { type: "allKept", fromMs: 60_000, withinMs: 10_000 },
  ],
};
