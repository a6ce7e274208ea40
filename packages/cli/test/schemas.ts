import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";

const directory = join(import.meta.dirname, "..", "..", "..", "docs", "schemas");

type Validate = ReturnType<Ajv2020["compile"]>;

/** Compiling one takes far longer than all that it validates. */
const compiled = new Map<string, Validate>();

function validatorOf(schemaName: string): Validate {
  const known = compiled.get(schemaName);
  if (known !== undefined) return known;
  const file = join(directory, `${schemaName.replace("/", ".")}.json`);
  const schema: unknown = JSON.parse(readFileSync(file, "utf8"));
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
  ajv.addFormat("date-time", (text: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text));
  const validate = ajv.compile(closed(schema) as object);
  compiled.set(schemaName, validate);
  return validate;
}

/**
 * Checks what a command printed against the committed schema that its first key names. Scripts may meet fields
 * that are newer than the schema they know; here none may be missing from it, so unknown ones are faults.
 */
export function schemaProblems(printed: unknown, name?: string): readonly string[] {
  const validate = validatorOf(name ?? String(Object.entries(printed as object)[0]?.[1]));
  if (validate(printed)) return [];
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  );
}

/** The schema with every object closed that names its properties. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const fields = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const open = "properties" in fields && !("additionalProperties" in fields) && fields["type"] === "object";
  return open ? { ...fields, additionalProperties: false } : fields;
}
