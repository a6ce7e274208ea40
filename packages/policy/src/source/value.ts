import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from "yaml";
import { domainProblem } from "../canonical.ts";
import type { Json, JsonObject } from "../json.ts";
import { jsonDepthMax } from "../limits.ts";
import { type ProblemList, quotingHint } from "./text.ts";

/** A key and its value in the text. */
export interface Entry {
  readonly key: Scalar<string>;
  readonly name: string;
  /** Absent for `key:` with nothing after it. */
  readonly value: Node | undefined;
}

/** The entries of a map, in the order of the text; keys that are no texts are told and left out. */
export function entriesOf(node: Node, problems: ProblemList): readonly Entry[] {
  if (!isMap(node)) return [];
  const entries: Entry[] = [];
  for (const pair of node.items as readonly Pair<unknown, Node | null>[]) {
    const { key, value } = pair;
    if (isTextScalar(key)) entries.push({ key, name: key.value, value: value ?? undefined });
    else problems.add(node, "keys must be texts, without tags, aliases or lists");
  }
  return entries;
}

/** Whether a node is a text. */
export function isTextScalar(node: unknown): node is Scalar<string> {
  return isScalar(node) && typeof node.value === "string";
}

/** A part of the text as JSON. What JSON, or the canonical form, cannot say is told where it stands. */
export function toJson(node: Node | undefined, problems: ProblemList, depth = 0): Json {
  if (node === undefined) return null;
  if (depth > jsonDepthMax) {
    problems.add(node, `nested deeper than ${jsonDepthMax}`);
    return null;
  }
  if (isSeq(node)) return node.items.map((item) => toJson(item as Node, problems, depth + 1));
  if (isMap(node)) return mapToJson(node, problems, depth);
  if (!isScalar(node)) {
    problems.add(node, "aliases are not allowed", "write the value out where it is needed");
    return null;
  }
  const { value } = node;
  const problem = domainProblem(value, 0);
  if (problem === undefined) return value as Json;
  problems.add(node, problem.detail, quotingHint(node));
  return null;
}

function mapToJson(node: Node, problems: ProblemList, depth: number): JsonObject {
  const fields: [string, Json][] = [];
  for (const { key, name, value } of entriesOf(node, problems)) {
    const problem =
      domainProblem({ [name]: null }, 0) ?? (name === "__proto__" ? domainKeyProblem : undefined);
    if (problem !== undefined) problems.add(key, problem.detail);
    else fields.push([name, toJson(value, problems, depth + 1)]);
  }
  return Object.fromEntries(fields);
}

const domainKeyProblem = { detail: "the key __proto__ is refused" };
