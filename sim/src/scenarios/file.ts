import { resourceTypes } from "@antibody/core";
import { isPlainObject, type Json, type Problem, readData, writeData } from "@antibody/policy";
import * as z from "zod/mini";
import { meaningFaults } from "./meaning.ts";
import type { Scenario } from "./scenario.ts";
import { faultsOf } from "./scenarioFault.ts";
import { type ScenarioFile, scenarioFormat, scenarioShape } from "./shape.ts";

/** Reads a scenario file, YAML or JSON; or tells all its faults, with line and column and what is expected. */
export function readScenario(
  text: string,
  fileName: string,
): { readonly scenario: Scenario } | { readonly problems: readonly Problem[] } {
  const data = readData(text, fileName);
  if ("problems" in data) return data;
  const read = scenarioShape.safeParse(data.value);
  if (!read.success) return { problems: data.place(faultsOf(data.value, read.error.issues)) };
  const { schema: _, ...scenario } = read.data;
  const faults = meaningFaults(scenario);
  return faults.length === 0 ? { scenario } : { problems: data.place(faults) };
}

/** A scenario as the data of a file that `readScenario` reads back. */
export function scenarioData(scenario: Scenario): ScenarioFile {
  return { schema: scenarioFormat, ...scenario };
}

/** A scenario as the text of a file, in YAML. */
export function writeScenario(scenario: Scenario): string {
  return writeData(scenarioData(scenario) as unknown as Json);
}

/** JSON Schema of scenario files (draft 2020-12), for editors. `readScenario` decides. */
export function scenarioSchema(): Json {
  const schema = JSON.parse(
    JSON.stringify(z.toJSONSchema(scenarioShape, { override: describePromises })),
  ) as Json;
  if (!isPlainObject(schema)) throw new Error("A schema that is no object");
  return {
    ...schema,
    $id: "https://antibody.invalid/schemas/antibody.scenario.1.json",
    title: "A scenario file, and antibody sim show SCENARIO --json",
  };
}

/** Promises are described by their resource types, as in policy files. */
function describePromises({
  path,
  jsonSchema,
}: {
  readonly path: readonly (string | number)[];
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  if (path.at(-1) !== "promises") return;
  delete jsonSchema.propertyNames;
  jsonSchema.additionalProperties = false;
  jsonSchema.patternProperties = Object.fromEntries(
    resourceTypes.map(({ kind, schema }) => [`^${kind}:.`, schema as z.core.JSONSchema.BaseSchema]),
  );
}
