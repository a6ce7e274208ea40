import { compareText } from "../bytes.ts";
import { commonContexts } from "../guard/parse.ts";
import { isPlainObject, type Json, type JsonObject } from "../json.ts";
import { fragmentPromisesMax, guardCharactersMax } from "../limits.ts";

const namePattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

/**
 * JSON Schema (draft 7, which editors' YAML servers know) of one document of a policy file. The promises are
 * described by the schemas of their resource types, by kind. It helps while writing; `compileSource` decides.
 */
export function sourceSchema(promiseSchemas: Readonly<Record<string, Json>>): Json {
  const kinds = Object.entries(promiseSchemas).sort(([left], [right]) => compareText(left, right));
  const patterns: JsonObject = Object.fromEntries(
    kinds.map(([kind, schema]): [string, Json] => [`^${kind}:.`, withoutDialect(schema)]),
  );
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Antibody policy",
    description: "One document for each fragment; all documents of a file share one stream.",
    type: "object",
    required: ["stream", "name", "promises"],
    additionalProperties: false,
    properties: {
      stream: {
        type: "string",
        pattern: namePattern,
        description: "Your name for this sequence of bundles, the same in every document of the file.",
      },
      name: {
        type: "string",
        pattern: namePattern,
        description: "Names this fragment within its bundle.",
      },
      when: {
        type: "string",
        minLength: 1,
        maxLength: guardCharactersMax,
        description: `A guard (subset of CEL) over ${commonContexts.join(", ")}. Without it the fragment holds everywhere.`,
        examples: ['arch == "arm64" && tags.exists("greenhouse")'],
      },
      promises: {
        type: "object",
        minProperties: 1,
        maxProperties: fragmentPromisesMax,
        description: `Desired state by resource, such as file:/etc/motd. Resource types: ${kinds.map(([kind]) => kind).join(", ")}.`,
        patternProperties: patterns,
        additionalProperties: false,
      },
    },
  };
}

/** A part of a schema speaks the dialect of the whole: editors refuse another one inside. */
function withoutDialect(schema: Json): Json {
  if (!isPlainObject(schema)) return schema;
  const { $schema: _dialect, ...rest } = schema as JsonObject;
  return rest;
}
