import { isPlainObject, type Json, type JsonObject } from "../json.ts";

/** A field of an object, as its schema says it. */
export interface SchemaField {
  readonly name: string;
  readonly schema: JsonObject;
  readonly isRequired: boolean;
}

/** Keywords that bound a value further than its type does: `compileSource` checks these. */
const bounds: ReadonlySet<string> = new Set([
  "$schema",
  "title",
  "description",
  "examples",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "propertyNames",
]);

/** The fields of the schema of an object, in its order. */
export function schemaFields(schema: JsonObject): readonly SchemaField[] {
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(objectIn(schema["properties"] ?? {})).map(([name, field]) => ({
    name,
    schema: objectIn(field),
    isRequired: required.includes(name),
  }));
}

/** One field on a line of its own, with its description. */
export function fieldText({ name, schema, isRequired }: SchemaField): string {
  const { description } = schema;
  const comment = typeof description === "string" ? `/** ${description.replaceAll("*/", "*\\/")} */ ` : "";
  return `${comment}readonly ${name}${isRequired ? "" : "?"}: ${typeText(schema)};`;
}

/**
 * The TypeScript type of what a JSON Schema lets through, bounds aside. Throws on a keyword that it does not know: a
 * schema that says more than the types do is found when the types are made, and not by an author.
 */
function typeText(schema: JsonObject): string {
  const {
    type,
    const: only,
    enum: values,
    items,
    properties,
    additionalProperties,
    required,
    ...rest
  } = schema;
  const unknown = Object.keys(rest).find((keyword) => !bounds.has(keyword));
  if (unknown !== undefined) throw new Error(`no type is made of the keyword ${unknown}`);
  if (only !== undefined) return JSON.stringify(only);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" | ");
  switch (type) {
    case undefined:
      return "unknown";
    case "string":
    case "boolean":
    case "null":
      return type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return listText(typeText(objectIn(items ?? {})));
    case "object":
      return objectText(schema);
    default:
      throw new Error(`no type is made of the type ${JSON.stringify(type)}`);
  }
}

function listText(item: string): string {
  return `readonly ${item.includes(" ") ? `(${item})` : item}[]`;
}

function objectText(schema: JsonObject): string {
  const { additionalProperties } = schema;
  const fields = schemaFields(schema).map(fieldText);
  const others =
    additionalProperties === undefined || typeof additionalProperties === "boolean"
      ? []
      : [`readonly [name: string]: ${typeText(objectIn(additionalProperties))};`];
  return `{ ${[...fields, ...others].join(" ")} }`;
}

/** A part of a schema that is an object. */
export function objectIn(value: Json): JsonObject {
  if (isPlainObject(value)) return value as JsonObject;
  throw new Error(`a schema is an object, and no ${JSON.stringify(value)}`);
}
