import type { Json, JsonObject } from "../json.ts";
import { sourceSchema } from "./schema.ts";
import { fieldText, objectIn, type SchemaField, schemaFields } from "./typeText.ts";

/** A field is common where so many of a hundred kinds say the same of it. */
const commonPercent = 75;

/**
 * A module of TypeScript to write policy with instead of YAML: the types of everything that a policy file may say, and
 * the two functions that make one. It is made of the schema that editors complete YAML by, and so says the same. It
 * stands alone beside an author's file and imports nothing.
 */
export function sourceBuilder(promiseSchemas: Readonly<Record<string, Json>>): string {
  const document = objectIn(sourceSchema(promiseSchemas));
  const patterns = objectIn(
    objectIn(objectIn(document["properties"] ?? {})["promises"] ?? {})["patternProperties"] ?? {},
  );
  const kinds = Object.entries(patterns).map(([pattern, schema]) => ({
    kind: pattern.slice(1, pattern.indexOf(":")),
    schema: objectIn(schema),
  }));
  const common = commonFields(kinds.map(({ schema }) => schema));
  return [
    "// Written by `antibody schema typescript`: not to be changed by hand, but made anew by a newer version.",
    "",
    "/** What promises of most kinds may say. */",
    ...interfaceText("CommonPromise", "", common),
    ...kinds.flatMap(({ kind, schema }) => ["", ...kindText(kind, schema, common)]),
    "",
    "/** Promises by resource, such as `file:/etc/motd`. */",
    "export type Promises = {",
    ...kinds.map(({ kind }) => `  readonly [resource: \`${kind}:\${string}\`]: ${typeName(kind)};`),
    "};",
    "",
    "/** One promise, by the kind and the name of its resource: for names that are reckoned. */",
    "export const promise = {",
    ...kinds.map(
      ({ kind }) =>
        `  ${kind}: (name: string, promised: ${typeName(kind)}): Promises => one("${kind}", name, promised),`,
    ),
    "};",
    "",
    ...fragmentText(document),
    functions,
  ].join("\n");
}

/** Fields of which most kinds say the same, in the order of the first that has them. */
function commonFields(schemas: readonly JsonObject[]): readonly SchemaField[] {
  const counts = new Map<string, { readonly field: SchemaField; count: number }>();
  for (const schema of schemas) {
    for (const field of schemaFields(schema)) {
      const found = counts.get(fieldText(field));
      if (found === undefined) counts.set(fieldText(field), { field, count: 1 });
      else found.count += 1;
    }
  }
  return [...counts.values()]
    .filter(({ count }) => count * 100 >= schemas.length * commonPercent)
    .map(({ field }) => field);
}

function kindText(kind: string, schema: JsonObject, common: readonly SchemaField[]): readonly string[] {
  const fields = schemaFields(schema);
  const texts = new Set(fields.map(fieldText));
  const left = common.filter((field) => !texts.has(fieldText(field))).map(({ name }) => JSON.stringify(name));
  const shared = new Set(common.map(fieldText));
  const base = left.length === 0 ? "CommonPromise" : `Omit<CommonPromise, ${left.join(" | ")}>`;
  return [
    `/** The promise of a resource \`${kind}:…\`. */`,
    ...interfaceText(
      typeName(kind),
      ` extends ${base}`,
      fields.filter((field) => !shared.has(fieldText(field))),
    ),
  ];
}

function interfaceText(name: string, base: string, fields: readonly SchemaField[]): readonly string[] {
  if (fields.length === 0) return [`export interface ${name}${base} {}`];
  return [`export interface ${name}${base} {`, ...fields.map((field) => `  ${fieldText(field)}`), "}"];
}

/** A document of a file without what all documents share, its stream. */
function fragmentText(document: JsonObject): readonly string[] {
  const fields = schemaFields(document).filter(({ name }) => name !== "stream" && name !== "promises");
  return [
    "/** A fragment: what a policy file in YAML has as one document. */",
    "export interface Fragment {",
    ...fields.map((field) => `  ${fieldText(field)}`),
    "  readonly promises: Promises;",
    "}",
  ];
}

/** `file` as `FilePromise`. */
function typeName(kind: string): string {
  return `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}Promise`;
}

const functions = `
function one(kind: string, name: string, promised: object): Promises {
  return { [\`\${kind}:\${name}\`]: promised } as Promises;
}

/** A policy file: what its default export has to be. */
export interface Policy {
  readonly stream: string;
  readonly fragments: readonly Fragment[];
}

/**
 * A fragment, by its name within the bundle. Of a list all promises are taken together; one that is made twice throws.
 * \`when\` is a guard: without it the fragment holds everywhere.
 */
export function fragment(name: string, promises: Promises | readonly Promises[], when?: string): Fragment {
  const all = new Map<string, unknown>();
  for (const [resource, promised] of [promises].flat().flatMap((each) => Object.entries(each))) {
    if (all.has(resource)) throw new Error(\`\${resource} is promised twice in \${name}\`);
    all.set(resource, promised);
  }
  const guard = when === undefined ? {} : { when };
  return { name, ...guard, promises: Object.fromEntries(all) as Promises };
}

/** The fragments of one stream: \`export default policy("home", fragment(…), …)\`. */
export function policy(stream: string, ...fragments: readonly Fragment[]): Policy {
  return { stream, fragments };
}
`;
