import { fuzzName, fuzzScenario, listScenarios, type Scenario } from "@antibody/sim";
import { usageError } from "../errors.ts";

/** The scenario of a seed, by the name that was given: a shipped one, or one that is made from the seed. */
export function scenarioMaker(name: string, help: string): (seed: number) => Scenario {
  if (name === fuzzName) return fuzzScenario;
  const shipped = listScenarios();
  const found = shipped.find((scenario) => scenario.name === name);
  if (found !== undefined) return () => found;
  const known = [...shipped.map((scenario) => scenario.name), fuzzName].join(", ");
  throw usageError(`there is no scenario ${name.slice(0, 80)}`, `these are: ${known}`, help);
}
