import { motd } from "./motd.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Packets from one fifth of the agents do not reach another fifth, while the way back is open. Both live, others see
 * both: whoever cannot see a peer itself must not have it declared dead, and policy finds its way around.
 */
export const asymmetricLinks: Scenario = {
  name: "asymmetric-links",
  title:
    "One way between two fifths of the agents is cut for 40 s; nobody is declared dead, policy goes around",
  agents: 100,
  durationMs: 100_000,
  startSpreadMs: 0,
  bundles: [motd],
  steps: [
    {
      atMs: 20_000,
      type: "cut",
      from: { percent: 20, as: "mute" },
      to: { percent: 20, as: "deaf" },
    },
    { atMs: 30_000, type: "publish", generation: 1, to: { count: 1 } },
    { atMs: 60_000, type: "heal" },
  ],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "noFalseDeath", fromMs: 20_000, withinMs: 75_000 },
    { type: "inForce", generation: 1, fromMs: 30_000, withinMs: 10_000 },
    { type: "oneView", fromMs: 60_000, withinMs: 35_000 },
  ],
};
