import type { ScenarioBundle } from "./scenario.ts";

/** One small file for each generation: enough where a scenario is about how policy spreads. */
export const motd: ScenarioBundle = {
  stream: "home",
  documents: [{ name: "motd", promises: { "file:/etc/motd": { content: "generation {generation}\n" } } }],
  scope: ["file:/etc/**"],
  powers: [],
  mode: "enforce",
};
