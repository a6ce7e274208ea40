import { fuzzName, fuzzScenario, listScenarios, readScenario, type Scenario } from "@antibody/sim";
import { usageError } from "../errors.ts";
import { shellWord } from "../self.ts";
import { problemsError, readText } from "../source/read.ts";

/**
 * The scenario of a seed, by what was given: a file, the name of a shipped one, or the name of those that are made from
 * the seed. Throws a CliError for a file that cannot be read or has problems, and for a name of nothing.
 */
export async function scenarioMaker(nameOrFile: string, self: string): Promise<(seed: number) => Scenario> {
  if (nameOrFile === fuzzName) return fuzzScenario;
  const scenario = isScenarioFile(nameOrFile)
    ? await soundScenario(nameOrFile, self)
    : shipped(nameOrFile, self);
  return () => scenario;
}

/** A shipped scenario by its name. */
export function shipped(name: string, self: string): Scenario {
  const all = listScenarios();
  const found = all.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const known = [...all.map((scenario) => scenario.name), fuzzName].join(", ");
  throw usageError(
    `there is no scenario ${name.slice(0, 80)}`,
    `these are: ${known}; or name a file, which ends with .yaml or .json`,
    `${self} sim list`,
  );
}

/** Names have no dots and no slashes: whatever has is a file. */
export function isScenarioFile(nameOrFile: string): boolean {
  return /[./\\]/.test(nameOrFile);
}

/** Reads a scenario file, or tells all its problems. Throws a CliError when it cannot be read. */
export async function readScenarioFile(path: string): Promise<ReturnType<typeof readScenario>> {
  const text = await readText(path);
  return typeof text === "string" ? readScenario(text, path) : text;
}

async function soundScenario(path: string, self: string): Promise<Scenario> {
  const read = await readScenarioFile(path);
  if ("scenario" in read) return read.scenario;
  throw problemsError(path, read.problems, `${self} sim show ${shellWord(path)}`);
}
