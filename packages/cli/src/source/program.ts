import { createRequire } from "node:module";
import { resolve } from "node:path";
import { isPlainObject, type Json, jsonDepthMax, sourceCharactersMax, writeData } from "@antibody/policy";
import { CliError, exitCode, messageOf } from "../errors.ts";
import { printable } from "../text/printable.ts";

/** A value that YAML cannot say, and where it is. */
class NoData extends Error {}

/** Whether a policy file is a program that makes the policy, and not the policy itself. */
export function isProgram(path: string): boolean {
  return /\.m?ts$/.test(path);
}

/**
 * Runs a policy file in TypeScript, with the rights of whoever calls, and gives what it makes as YAML. Node leaves its
 * types away itself, also inside the single executable; it is loaded by `require`, which works there as well. Throws a
 * CliError where it cannot be run, or makes no policy.
 */
export function builtText(path: string): string {
  const file = resolve(path);
  const text = yamlOf(path, defaultOf(path, load(path, file)));
  if (text.length <= sourceCharactersMax) return text;
  throw programError(
    path,
    `it makes ${text.length} characters of policy, and a bundle has at most ${sourceCharactersMax}`,
    "publish it as several streams",
  );
}

/** What the program prints goes to standard error: standard output is for results. */
function load(path: string, file: string): unknown {
  const { write } = process.stdout;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  try {
    return createRequire(file)(file);
  } catch (error) {
    throw programError(path, messageOf(error).split("\n")[0] ?? "", nextAfter(error, file));
  } finally {
    process.stdout.write = write;
  }
}

function nextAfter(error: unknown, file: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_REQUIRE_ASYNC_MODULE") return "make the policy without await at the top of the file";
  if (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND")
    return "antibody schema typescript writes antibody.ts; an import names its file with its ending";
  // Node takes a file for CommonJS where the nearest package.json says so.
  if (error instanceof SyntaxError && /import statement|Unexpected token 'export'/.test(error.message))
    return `name it ${file.replace(/\.ts$/, ".mts")}, or say "type": "module" in the nearest package.json`;
  return "run it by itself to see where: node FILE";
}

function defaultOf(path: string, loaded: unknown): unknown {
  if (typeof loaded === "object" && loaded !== null && "default" in loaded) return loaded.default;
  throw programError(path, "it has no default export", 'end it with: export default policy("home", …)');
}

function yamlOf(path: string, made: unknown): string {
  try {
    const policy = dataOf(made, [], 0);
    const { stream, fragments } = isPlainObject(policy) ? policy : {};
    if (typeof stream !== "string" || !Array.isArray(fragments))
      throw new NoData("its default export has no stream and fragments");
    return fragments
      .map((fragment) => (isPlainObject(fragment) ? { stream, ...fragment } : fragment))
      .map((document) => writeData(document as Json))
      .join("---\n");
  } catch (error) {
    if (!(error instanceof NoData)) throw error;
    throw programError(
      path,
      error.message,
      "antibody schema typescript writes the types that tell this before",
    );
  }
}

/** Data as JSON has it; fields that are undefined are left out, as JSON.stringify does. */
function dataOf(value: unknown, way: readonly string[], depth: number): Json {
  const at = way.length === 0 ? "its default export" : printable(way.join("."));
  if (depth > jsonDepthMax) throw new NoData(`${at} is nested deeper than ${jsonDepthMax}`);
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw new NoData(`${at} is ${value}`);
    case "object":
      if (value === null) return null;
      if (Array.isArray(value))
        return value.map((item, index) => dataOf(item, [...way, String(index)], depth + 1));
      if (isPlainObject(value)) return fieldsOf(value, way, depth);
      throw new NoData(`${at} is of a class: only plain data can be signed`);
    default:
      throw new NoData(`${at} is ${value === undefined ? "undefined" : `a ${typeof value}`}`);
  }
}

function fieldsOf(value: { readonly [name: string]: unknown }, way: readonly string[], depth: number): Json {
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, dataOf(field, [...way, name], depth + 1)]));
}

function programError(path: string, cause: string, next: string): CliError {
  return new CliError({
    code: "program",
    message: `${printable(path)} makes no policy`,
    cause: printable(cause),
    next,
    exit: exitCode.failed,
  });
}
