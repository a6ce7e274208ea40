import { cleanPublish } from "./cleanPublish.ts";
import { massDeath } from "./massDeath.ts";
import { partitionHeal } from "./partitionHeal.ts";
import { pausedAgents } from "./pausedAgents.ts";
import type { Scenario } from "./scenario.ts";

const shipped: readonly Scenario[] = [cleanPublish, massDeath, partitionHeal, pausedAgents];

/** Every scenario that comes with the simulator. */
export function listScenarios(): readonly Scenario[] {
  return shipped;
}

/** Finds a shipped scenario. Throws for a name that none has. */
export function findScenario(name: string): Scenario {
  const found = shipped.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new Error(`No scenario ${name}; there are ${shipped.map((scenario) => scenario.name).join(", ")}`);
}
