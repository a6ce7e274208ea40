import type { Scenario } from "./scenario.ts";

/**
 * Three of ten hosts lose power at once: nothing is closed and nothing refuses, there is silence alone. It looks like a
 * partition, so a death may be certified late or never; that they are out of reach is known to all, and soon.
 */
export const blackout: Scenario = {
  name: "blackout",
  title:
    "30% of the hosts lose power at once; all others know who is out of reach, and hold nobody else dead",
  agents: 40,
  durationMs: 90_000,
  startSpreadMs: 0,
  steps: [{ atMs: 20_000, type: "powerOff", who: { percent: 30 } }],
  expectations: [
    { type: "oneView", fromMs: 3_000, withinMs: 12_000 },
    { type: "lossesKnown", fromMs: 20_000, withinMs: 60_000 },
    { type: "noFalseDeath", fromMs: 20_000, withinMs: 70_000 },
  ],
};
