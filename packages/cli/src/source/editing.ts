import { writeFile } from "node:fs/promises";
import { resourceTypes } from "@antibody/core";
import { type Json, sourceBuilder, sourceSchema } from "@antibody/policy";
import { CliError, exitCode, messageOf } from "../errors.ts";
import { printable } from "../text/printable.ts";

/** What an editor completes and underlines by, and the file in which it looks for it where nobody says otherwise. */
export const editorFiles = {
  policy: "antibody.schema.json",
  scenario: "antibody.scenario.schema.json",
  typescript: "antibody.ts",
} as const;
export type EditorKind = keyof typeof editorFiles;

/** The first line of a file that an editor completes by what is written beside it. */
export function firstLine(kind: EditorKind, editorFile: string): string {
  const beside = /^[./]/.test(editorFile) ? editorFile : `./${editorFile}`;
  return kind === "typescript"
    ? `import { fragment, policy } from ${JSON.stringify(beside)};`
    : `# yaml-language-server: $schema=${beside}`;
}

/** What is written for an editor. */
export async function editorText(kind: EditorKind): Promise<string> {
  if (kind === "typescript") return sourceBuilder(promiseSchemas());
  return `${JSON.stringify(await schemaOf(kind), undefined, 2)}\n`;
}

/** Writes a text. Throws a CliError with what to do instead. `flag: "wx"` leaves a file that is there as it is. */
export async function writeText(
  path: string,
  text: string,
  next: string,
  flag: "w" | "wx" = "w",
): Promise<void> {
  try {
    await writeFile(path, text, { flag });
  } catch (error) {
    throw new CliError({
      code: "unwritable",
      message: `${printable(path)} cannot be written`,
      cause: messageOf(error),
      next,
      exit: exitCode.failed,
    });
  }
}

async function schemaOf(kind: Exclude<EditorKind, "typescript">): Promise<Json> {
  if (kind === "policy") return sourceSchema(promiseSchemas());
  // Loaded here: the other commands start without the simulator.
  const { scenarioSchema } = await import("@antibody/sim");
  return scenarioSchema();
}

function promiseSchemas(): Readonly<Record<string, Json>> {
  return Object.fromEntries(resourceTypes.map((type) => [type.kind, type.schema]));
}
