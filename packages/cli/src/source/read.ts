import { readFile } from "node:fs/promises";
import { resourceTypes } from "@antibody/core";
import {
  type CheckPromise,
  compileSource,
  type Problem,
  type SourceDocument,
  type StreamName,
  sourceCharactersMax,
} from "@antibody/policy";
import { CliError, exitCode, messageOf } from "../errors.ts";
import { builtText, isProgram } from "./program.ts";
import { checkScopes } from "./reach.ts";
import { problemsTogether } from "./together.ts";

/** A policy file that has no problems. */
export interface SoundSource {
  readonly stream: StreamName;
  readonly documents: readonly SourceDocument[];
  /** The file, as YAML. */
  readonly text: string;
}

/** Checks a promise by the resource types of this build. */
const checkPromise: CheckPromise = (kind, promise, name) => {
  const type = resourceTypes.find((each) => each.kind === kind);
  if (type !== undefined) return type.check(name, promise);
  const kinds = resourceTypes.map((each) => each.kind).join(", ");
  return [{ path: [], message: `there is no resource type ${kind}`, hint: `one of ${kinds}` }];
};

/**
 * Reads and compiles a policy file, in YAML or in TypeScript; of an author that limits itself to these scopes, where
 * they are given. Throws a CliError when it cannot be read.
 */
export async function readSource(
  path: string,
  scopes: readonly string[] = [],
): Promise<SoundSource | { readonly problems: readonly Problem[] }> {
  const read = await readText(path);
  if (typeof read !== "string") return read;
  const [text, fileName] = isProgram(path) ? [builtText(path), `${path} as YAML`] : [read, path];
  const compiled = compileSource(text, fileName, checkPromise, (documents) => [
    ...checkScopes(scopes)(documents),
    ...problemsTogether(documents),
  ]);
  return "problems" in compiled ? compiled : { ...compiled, text };
}

/** The text of a file that people wrote, or the problem with it. Throws a CliError when it cannot be read. */
export async function readText(path: string): Promise<string | { readonly problems: readonly Problem[] }> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new CliError({
      code: "unreadable",
      message: `${path} cannot be read`,
      cause: messageOf(error),
      next: "check the path",
      exit: exitCode.failed,
    });
  }
  const text = decode(bytes);
  if (text !== undefined) return text;
  const message = `the file is not text in UTF-8, or has more than ${sourceCharactersMax} characters`;
  return { problems: [{ fileName: path, line: 1, column: 1, message }] };
}

/** Reads a policy file that must be sound. Throws a CliError that names the first problem. */
export async function readSoundSource(path: string, self: string): Promise<SoundSource> {
  const source = await readSource(path);
  if (!("problems" in source)) return source;
  throw problemsError(path, source.problems, `${self} lint ${path}`);
}

/** The error of a file with problems: names the first of them. */
export function problemsError(path: string, problems: readonly Problem[], next: string): CliError {
  const [first] = problems;
  const more = problems.length - 1;
  return new CliError({
    code: "problems",
    message: `${path} has problems`,
    cause: (first === undefined ? "" : problemText(first)) + (more > 0 ? ` (and ${more} more)` : ""),
    next,
    exit: exitCode.failed,
  });
}

/** `home.yaml:3:5: message (hint)`, as editors and compilers write it. */
export function problemText(problem: Problem): string {
  const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
  return `${problem.fileName}:${problem.line}:${problem.column}: ${problem.message}${hint}`;
}

function decode(bytes: Uint8Array): string | undefined {
  // UTF-8 takes at most 3 bytes for one UTF-16 unit: more cannot be within the limit, and is not decoded.
  if (bytes.length > 3 * sourceCharactersMax) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
