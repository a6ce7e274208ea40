import { type Document, isMap, LineCounter, type Node } from "yaml";
import { utf8 } from "../bytes.ts";
import { canonicalText } from "../canonical.ts";
import type { ResourcePromise } from "../fragment.ts";
import { constancyOf } from "../guard/constancy.ts";
import { compileGuard } from "../guard/guard.ts";
import { commonContexts } from "../guard/parse.ts";
import { isFragmentName, parseStreamName, type StreamName } from "../ids.ts";
import { isPlainObject, type JsonObject } from "../json.ts";
import {
  bundleFragmentsMax,
  envelopeOverheadBytesMax,
  fragmentBytesMax,
  fragmentPromisesMax,
  sourceCharactersMax,
} from "../limits.ts";
import { parseResourceId, type ResourceId } from "../resourceId.ts";
import { createProblemList, nodeAt, offsetInScalar, type ProblemList, quotingHint } from "./text.ts";
import type { CheckDocuments, CheckPromise, CompiledSource, SourceDocument } from "./types.ts";
import { type Entry, entriesOf, isTextScalar, toJson } from "./value.ts";
import { isYamlSound, parseYaml } from "./yaml.ts";

const documentFields: readonly string[] = ["stream", "name", "when", "promises"];
const nameHint = "1 to 63 of a-z, 0-9 and -, such as home";

/** What reading one document needs, and what it leaves for the whole file. */
interface Reading {
  readonly text: string;
  readonly problems: ProblemList;
  readonly checkPromise: CheckPromise;
  readonly contexts: readonly string[];
  /** Names seen so far in the file. */
  readonly names: Set<string>;
  /** Resources that an unguarded document of the file promises. */
  readonly unguarded: Set<string>;
  /** The stream of the first document. */
  stream: StreamName | undefined;
}

/**
 * Compiles a policy file: YAML 1.2, one document for each fragment, all of one stream. Either every document is
 * sound, or all problems are told with line and column; nothing is guessed or repaired in silence.
 *
 * `checkDocuments` sees documents that are sound each for itself; `contexts` are the names that guards may ask for.
 */
export function compileSource(
  text: string,
  fileName: string,
  checkPromise: CheckPromise,
  checkDocuments: CheckDocuments = () => [],
  contexts: readonly string[] = commonContexts,
): CompiledSource {
  const lines = new LineCounter();
  const problems = createProblemList(fileName, lines);
  if (text.length > sourceCharactersMax) {
    problems.addAt(0, `a policy file has at most ${sourceCharactersMax} characters`);
    return { problems: problems.all() };
  }
  const parsed: readonly Document.Parsed[] = parseYaml(text, lines);
  const reading: Reading = {
    text,
    problems,
    checkPromise,
    contexts,
    names: new Set(),
    unguarded: new Set(),
    stream: undefined,
  };
  const documents: SourceDocument[] = [];
  const nodes: Document.Parsed[] = [];
  for (const document of parsed) {
    const read = readDocument(document, reading);
    if (read === undefined) continue;
    documents.push(read);
    nodes.push(document);
  }
  if (problems.isEmpty() && documents.length === 0)
    problems.addAt(0, "the file has no document", documentHint());
  if (documents.length > bundleFragmentsMax) {
    problems.addAt(0, `a bundle has at most ${bundleFragmentsMax} fragments, here are ${documents.length}`);
  }
  if (problems.isEmpty()) {
    for (const { document, resource, path, message, hint } of checkDocuments(documents)) {
      const start = nodes[document]?.contents ?? undefined;
      problems.add(start && nodeAt(start, ["promises", resource, ...path]), `${resource}: ${message}`, hint);
    }
  }
  const { stream } = reading;
  if (!problems.isEmpty() || stream === undefined) return { problems: problems.all() };
  return { stream, documents };
}

/** One fragment; undefined where there is none, or where its problems have been told. */
function readDocument(document: Document.Parsed, reading: Reading): SourceDocument | undefined {
  const { problems } = reading;
  const node: Node | null = document.contents;
  if (!isYamlSound(document, problems) || node === null || isNothing(node)) return undefined;
  if (!isMap(node)) {
    problems.add(node, "a document must be a map", documentHint());
    return undefined;
  }
  const fields = new Map<string, Entry>();
  for (const entry of entriesOf(node, problems)) {
    if (documentFields.includes(entry.name)) fields.set(entry.name, entry);
    else problems.add(entry.key, `unknown field ${entry.name}`, `known are ${documentFields.join(", ")}`);
  }
  const name = readName(node, fields.get("name"), reading);
  readStream(node, fields.get("stream"), reading);
  const when = readGuard(fields.get("when"), reading);
  const promises = readPromises(node, fields.get("promises"), fields.has("when"), reading);
  if (!problems.isEmpty() || name === undefined || promises === undefined) return undefined;
  const read: SourceDocument = { name, ...(when === undefined ? {} : { when }), promises };
  const bytes = utf8(canonicalText(read as unknown as JsonObject)).length;
  const bytesMax = fragmentBytesMax - envelopeOverheadBytesMax;
  if (bytes <= bytesMax) return read;
  problems.add(
    node,
    `the document has ${bytes} bytes, at most ${bytesMax}`,
    "split it into several documents",
  );
  return undefined;
}

function readName(document: Node, entry: Entry | undefined, reading: Reading): string | undefined {
  const { problems, names } = reading;
  const text = requiredText(document, entry, "name", problems);
  if (text === undefined) return undefined;
  if (!isFragmentName(text)) problems.add(entry?.value, `${text} is not a name`, nameHint);
  else if (names.has(text)) problems.add(entry?.value, `another document is named ${text} already`);
  names.add(text);
  return text;
}

function readStream(document: Node, entry: Entry | undefined, reading: Reading): void {
  const { problems } = reading;
  const text = requiredText(document, entry, "stream", problems);
  if (text === undefined) return;
  const stream = parseStreamName(text);
  if (stream === undefined) problems.add(entry?.value, `${text} is not the name of a stream`, nameHint);
  else if (reading.stream !== undefined && reading.stream !== stream) {
    problems.add(
      entry?.value,
      `the documents of one file share one stream, and the first is of ${reading.stream}`,
    );
  }
  reading.stream ??= stream;
}

function readGuard(entry: Entry | undefined, reading: Reading): string | undefined {
  if (entry === undefined) return undefined;
  const { problems, text, contexts } = reading;
  const { value } = entry;
  if (!isTextScalar(value)) {
    problems.add(value ?? entry.key, "when must be a text", 'such as arch == "arm64"');
    return undefined;
  }
  const problemsBefore = toJson(value, problems);
  const guard = compileGuard(value.value);
  if (!("expression" in guard)) {
    problems.addAt(offsetInScalar(text, value, guard.offset), `the guard: ${guard.detail}`);
    return undefined;
  }
  for (const name of guard.contexts) {
    if (contexts.includes(name)) continue;
    const offset = offsetInScalar(text, value, Math.max(value.value.indexOf(name), 0));
    problems.addAt(offset, `the guard: unknown context ${name}`, `known are ${contexts.join(", ")}`);
  }
  const constancy = problems.isEmpty() ? constancyOf(guard) : undefined;
  if (constancy === "never")
    problems.add(value, "the guard: it holds on no device", "the fragment does nothing");
  if (constancy === "always") problems.add(value, "the guard: it holds on every device", "leave when out");
  return typeof problemsBefore === "string" ? problemsBefore : undefined;
}

function readPromises(
  document: Node,
  entry: Entry | undefined,
  guarded: boolean,
  reading: Reading,
): SourceDocument["promises"] | undefined {
  const { problems, unguarded } = reading;
  if (entry === undefined || !isMap(entry.value)) {
    problems.add(entry?.value ?? entry?.key ?? document, "promises must be a map", documentHint());
    return undefined;
  }
  const promises: [ResourceId, ResourcePromise][] = [];
  for (const claim of entriesOf(entry.value, problems)) {
    const promise = readPromise(claim, reading);
    if (promise === undefined) continue;
    promises.push(promise);
    if (guarded) continue;
    if (unguarded.has(claim.name)) problems.add(claim.key, `${claim.name} is promised in two documents`);
    unguarded.add(claim.name);
  }
  if (entry.value.items.length === 0) problems.add(entry.value, "promises is empty");
  if (promises.length > fragmentPromisesMax) {
    problems.add(entry.value, `a document has at most ${fragmentPromisesMax} promises`);
  }
  return Object.fromEntries(promises);
}

function readPromise(claim: Entry, reading: Reading): [ResourceId, ResourcePromise] | undefined {
  const { problems, checkPromise } = reading;
  const resource = parseResourceId(claim.name);
  if (resource === undefined) {
    const hint = "kind:name, a path without . and .. and doubled slashes: file:/etc/motd, process:sensor";
    problems.add(claim.key, `${claim.name.slice(0, 80)} is not a resource`, hint);
    return undefined;
  }
  const { value } = claim;
  if (value === undefined || !isMap(value)) {
    problems.add(
      value ?? claim.key,
      `the promise of ${resource.id} must be a map`,
      "{} promises nothing more",
    );
    return undefined;
  }
  const promise = toJson(value, problems);
  if (!isPlainObject(promise)) return undefined;
  for (const fault of checkPromise(resource.kind, promise, resource.name)) {
    const node = fault.path.length === 0 ? claim.key : nodeAt(value, fault.path);
    // A missing field has no place of its own: it is told at the resource.
    // A number out of its range was meant as a number: quoting it would not help.
    const hint = fault.hint ?? (fault.message.startsWith("expected at ") ? undefined : quotingHint(node));
    problems.add(
      node === value ? claim.key : node,
      `${resource.id}: ${pathText(fault.path)}${fault.message}`,
      hint,
    );
  }
  return [resource.id, promise];
}

function requiredText(
  document: Node,
  entry: Entry | undefined,
  field: string,
  problems: ProblemList,
): string | undefined {
  if (entry === undefined) {
    problems.add(document, `${field} is missing`, documentHint());
    return undefined;
  }
  if (isTextScalar(entry.value)) return entry.value.value;
  const hint = entry.value === undefined ? undefined : quotingHint(entry.value);
  problems.add(entry.value ?? entry.key, `${field} must be a text`, hint);
  return undefined;
}

function isNothing(node: Node): boolean {
  return "value" in node && node.value === null && "source" in node && node.source === "";
}

function pathText(path: readonly string[]): string {
  return path.length === 0 ? "" : `${path.join(".")}: `;
}

function documentHint(): string {
  return "a document has stream, name, promises, and perhaps when";
}
