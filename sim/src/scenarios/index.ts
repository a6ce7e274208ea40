import { asymmetricLinks } from "./asymmetricLinks.ts";
import { badCanary } from "./badCanary.ts";
import { blackout } from "./blackout.ts";
import { byzantine } from "./byzantine.ts";
import { churn } from "./churn.ts";
import { cleanPublish } from "./cleanPublish.ts";
import { clocksAndTornWrites } from "./clocksAndTornWrites.ts";
import { colluders } from "./colluders.ts";
import { conflictingPublishers } from "./conflictingPublishers.ts";
import { damageAndFight } from "./damageAndFight.ts";
import { loss } from "./loss.ts";
import { massDeath } from "./massDeath.ts";
import { partitionHeal } from "./partitionHeal.ts";
import { pausedAgents } from "./pausedAgents.ts";
import { replayRollback } from "./replayRollback.ts";
import type { Scenario } from "./scenario.ts";
import { slowAndPaused } from "./slowAndPaused.ts";

const shipped: readonly Scenario[] = [
  cleanPublish,
  massDeath,
  blackout,
  partitionHeal,
  asymmetricLinks,
  churn,
  pausedAgents,
  slowAndPaused,
  loss,
  byzantine,
  colluders,
  replayRollback,
  conflictingPublishers,
  clocksAndTornWrites,
  damageAndFight,
  badCanary,
];

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
