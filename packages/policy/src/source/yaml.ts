import { type Document, type LineCounter, parseAllDocuments, type YAMLError } from "yaml";
import type { ProblemList } from "./text.ts";

/** The documents of a text in YAML 1.2, of which JSON is a part. Nothing is guessed: tags and merges are faults. */
export function parseYaml(text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    version: "1.2",
    schema: "core",
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    merge: false,
    resolveKnownTags: false,
    prettyErrors: false,
    lineCounter,
  });
  return Array.isArray(documents) ? documents : [];
}

/** Whether YAML itself has nothing against a document. Its faults are told. */
export function isYamlSound(document: Document.Parsed, problems: ProblemList): boolean {
  const faults: readonly YAMLError[] = [...document.errors, ...document.warnings];
  for (const fault of faults) problems.addAt(fault.pos[0], fault.message, yamlHint(fault.code));
  // A %YAML 1.1 directive would change what `0644` and `yes` mean.
  if (document.directives.yaml.version !== "1.2") problems.addAt(document.range[0], "only YAML 1.2 is read");
  return faults.length === 0;
}

function yamlHint(code: YAMLError["code"]): string | undefined {
  if (code === "TAG_RESOLVE_FAILED") return "remove the tag";
  if (code === "DUPLICATE_KEY") return "keep one of the two";
  return code === "TAB_AS_INDENT" ? "indent with spaces" : undefined;
}
