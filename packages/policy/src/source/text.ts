import { isMap, isScalar, isSeq, type LineCounter, type Node, type Scalar } from "yaml";
import { sourceProblemsMax } from "../limits.ts";
import type { Problem } from "./types.ts";

/** The problems of one file, gathered with their places in its text. */
export interface ProblemList {
  /** Tells a problem at an offset of the text. */
  readonly addAt: (offset: number, message: string, hint?: string) => void;
  /** Tells a problem at a node of the text. */
  readonly add: (node: Node | undefined, message: string, hint?: string) => void;
  /** Whether there is none so far. */
  readonly isEmpty: () => boolean;
  /** All of them in the order of the text, at most `sourceProblemsMax`. */
  readonly all: () => readonly Problem[];
}

/** Gathers the problems of one file. */
export function createProblemList(fileName: string, lines: LineCounter): ProblemList {
  const found: { readonly offset: number; readonly message: string; readonly hint?: string }[] = [];
  const addAt = (offset: number, message: string, hint?: string): void => {
    found.push({ offset, message, ...(hint === undefined ? {} : { hint }) });
  };
  return {
    addAt,
    add: (node, message, hint) => addAt(startOf(node), message, hint),
    isEmpty: () => found.length === 0,
    all: () =>
      found
        .toSorted((left, right) => left.offset - right.offset)
        .slice(0, sourceProblemsMax)
        .map(({ offset, ...problem }) => {
          const { line, col } = lines.linePos(offset);
          // An empty text has no first line for the library.
          return { fileName, line: Math.max(line, 1), column: Math.max(col, 1), ...problem };
        }),
  };
}

/** Where a node begins. */
function startOf(node: Node | undefined | null): number {
  return node?.range?.[0] ?? 0;
}

/**
 * The node that a path leads to. Where the path leaves the text (a field that is missing), the last node that
 * is there.
 */
export function nodeAt(start: Node, path: readonly string[]): Node {
  let node = start;
  for (const step of path) {
    const next: unknown =
      isMap(node) || isSeq(node) ? node.get(isSeq(node) ? Number(step) : step, true) : undefined;
    if (!isNodeWithRange(next)) return node;
    node = next;
  }
  return node;
}

/**
 * Where an offset of a scalar's value is in the text. Exact for what is written plainly or in quotes without
 * escapes; else the scalar's beginning.
 */
export function offsetInScalar(text: string, scalar: Scalar<string>, offset: number): number {
  const start = startOf(scalar);
  const quoted = scalar.type === "QUOTE_DOUBLE" || scalar.type === "QUOTE_SINGLE" ? 1 : 0;
  const written = text.slice(start + quoted, start + quoted + scalar.value.length);
  return written === scalar.value ? start + quoted + offset : start;
}

/** For a value that YAML did not read as a text although one was meant, such as `mode: 0644`. */
export function quotingHint(node: Node): string | undefined {
  if (!isScalar(node) || typeof node.value === "string" || node.source === undefined) return undefined;
  if (node.source === "") return undefined;
  return `YAML reads ${node.source} as ${nameOf(node.value)}; if a text is meant, write "${node.source}"`;
}

function nameOf(value: unknown): string {
  return value === null ? "nothing" : `the ${typeof value} ${String(value)}`;
}

function isNodeWithRange(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value);
}
