import { LineCounter, type Node, stringify } from "yaml";
import type { Json } from "../json.ts";
import { sourceCharactersMax } from "../limits.ts";
import { createProblemList, nodeAt, quotingHint } from "./text.ts";
import type { Problem, PromiseProblem } from "./types.ts";
import { toJson } from "./value.ts";
import { isYamlSound, parseYaml } from "./yaml.ts";

/** What people wrote as YAML or JSON, as plain data. */
export interface SourceData {
  readonly value: Json;
  /** Faults in the value, told where they stand in the text: in its order, at most `sourceProblemsMax`. */
  readonly place: (faults: readonly PromiseProblem[]) => readonly Problem[];
}

/** Reads one document of YAML 1.2, or JSON; or tells all that cannot be read, with line and column. */
export function readData(
  text: string,
  fileName: string,
): SourceData | { readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const problems = createProblemList(fileName, lines);
  if (text.length > sourceCharactersMax) {
    problems.addAt(0, `a file has at most ${sourceCharactersMax} characters`);
    return { problems: problems.all() };
  }
  const [document, second] = parseYaml(text, lines);
  if (document === undefined) problems.addAt(0, "the file is empty");
  else isYamlSound(document, problems);
  if (second !== undefined) problems.addAt(second.range[0], "the file has one document, and no second one");
  const node: Node | null | undefined = document?.contents;
  const value = problems.isEmpty() ? toJson(node ?? undefined, problems) : null;
  if (!problems.isEmpty() || node === undefined || node === null) {
    if (problems.isEmpty()) problems.addAt(0, "the file is empty");
    return { problems: problems.all() };
  }
  return {
    value,
    place: (faults) => {
      const placed = createProblemList(fileName, lines);
      for (const { path, message, hint } of faults) {
        const at = nodeAt(node, path);
        // What was meant as a text may have been read as something else.
        placed.add(at, message, hint ?? (message.endsWith("string") ? quotingHint(at) : undefined));
      }
      return placed.all();
    },
  };
}

/** Plain data as YAML that `readData` reads back. Long texts are not folded. */
export function writeData(value: Json): string {
  return stringify(value, { version: "1.2", schema: "core", lineWidth: 0, aliasDuplicateObjects: false });
}
