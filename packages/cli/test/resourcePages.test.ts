import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ResourceType, resourceTypes } from "@antibody/core";
import { compileSource } from "@antibody/policy";
import { describe, expect, test } from "vitest";

const pages = join(import.meta.dirname, "../../../docs/resources");
/** Set, the tables are written anew instead of compared. */
const isWriting = process.env["ANTIBODY_WRITE_DOCS"] !== undefined;

/** What of a JSON Schema the pages tell. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly items?: Schema;
  readonly properties?: { readonly [field: string]: Schema };
  readonly required?: readonly string[];
}

/** Fields that nearly every kind has: the index tells of them once. */
const commonTo = (field: string): boolean =>
  resourceTypes.filter((type) => field in fieldsOf(type)).length > resourceTypes.length * 0.75;

function fieldsOf(type: ResourceType): { readonly [field: string]: Schema } {
  return (type.schema as Schema).properties ?? {};
}

function typeText(schema: Schema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.type === "array") return `list of ${typeText(schema.items ?? {})}`;
  return (
    { integer: "whole number", boolean: "`true`, `false`", object: "fields" }[schema.type ?? ""] ?? "text"
  );
}

function row(field: string, schema: Schema, isRequired: boolean): string {
  const text = (schema.description ?? "").replaceAll("|", "\\|");
  return `| \`${field}\` | ${typeText(schema)} | ${isRequired ? "**must be there.** " : ""}${text} |`;
}

function tableOf(type: ResourceType, wanted: (field: string) => boolean): string {
  const { required = [] } = type.schema as Schema;
  const rows = Object.entries(fieldsOf(type))
    .filter(([field]) => wanted(field))
    .map(([field, schema]) => row(field, schema, required.includes(field)));
  return rows.length === 0
    ? "None of its own."
    : ["| field | is | says |", "| --- | --- | --- |", ...rows].join("\n");
}

/** Compares what stands between the marks with what it should be, or writes it. */
function hold(path: string, wanted: string): void {
  const text = readFileSync(path, "utf8");
  const [start, end] = ["<!-- fields -->", "<!-- end -->"];
  const [from, to] = [text.indexOf(start) + start.length, text.indexOf(end)];
  expect(from, `${path} has no ${start}`).toBeGreaterThan(start.length);
  expect(to, `${path} has no ${end}`).toBeGreaterThan(from);
  if (isWriting) writeFileSync(path, `${text.slice(0, from)}\n\n${wanted}\n\n${text.slice(to)}`);
  else
    expect(squeezed(text.slice(from, to)), `${path} is old: ANTIBODY_WRITE_DOCS=1 writes it`).toBe(
      squeezed(wanted),
    );
}

/** Formatters pad tables. */
function squeezed(table: string): string {
  return table.trim().replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");
}

describe.each(resourceTypes.map((type) => [type.kind, type] as const))("the page of %s", (kind, type) => {
  const path = join(pages, `${kind}.md`);

  test("tells of every field, and of the power that it needs", () => {
    hold(
      path,
      tableOf(type, (field) => !commonTo(field)),
    );
    const text = readFileSync(path, "utf8");
    for (const power of type.powers({})) expect(text).toContain(`the power \`${power}\``);
  });

  test("has an example that lint passes", () => {
    const text = readFileSync(path, "utf8");
    const examples = [...text.matchAll(/```yaml\n([^`]*)```/g)].map(([, example = ""]) => example);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(example).toContain(`${kind}:`);
      const compiled = compileSource(example, path, (each, promise, name) => {
        const found = resourceTypes.find((one) => one.kind === each);
        return found?.check(name, promise) ?? [{ path: [], message: `there is no resource type ${each}` }];
      });
      expect("problems" in compiled ? compiled.problems : []).toEqual([]);
    }
  });
});

test("the index tells of every kind, and of what every promise may say", () => {
  const path = join(pages, "README.md");
  const file = resourceTypes.find(({ kind }) => kind === "process");
  if (file === undefined) throw new Error("no process");
  hold(path, tableOf(file, commonTo));
  const text = readFileSync(path, "utf8");
  for (const { kind } of resourceTypes) expect(text).toContain(`](${kind}.md)`);
  for (const page of readdirSync(pages))
    expect(page === "README.md" || resourceTypes.some(({ kind }) => page === `${kind}.md`), page).toBe(true);
  expect(existsSync(path)).toBe(true);
});
