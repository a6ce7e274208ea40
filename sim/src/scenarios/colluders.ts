import type { Scenario } from "./scenario.ts";

/**
 * One in ten members is in one hand, which knows who observes whom: it votes against those that the most of its
 * members observe, forges what it cannot vote for, votes for no true death and passes nothing on. Then honest members
 * die. It stays as small as that for a swarm of ten thousand: each of a thousand acts a few times.
 */
export const colluders: Scenario = {
  name: "colluders",
  title: "10% of the members vote against those that they observe, forge, and withhold what is true",
  agents: 40,
  durationMs: 80_000,
  startSpreadMs: 0,
  steps: [
    {
      atMs: 20_000,
      type: "corrupt",
      who: { percent: 10 },
      habits: ["forgeEntries", "forgeDeaths", "falseVotes", "withholdVotes", "swallowGossip", "lieForOthers"],
      everyMs: 20_000,
    },
    { atMs: 40_000, type: "kill", who: { percent: 5 } },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "deathsKnown", fromMs: 40_000, withinMs: 35_000 },
  ],
};
