import type { BundleDocument } from "../author.ts";
import type { ResourcePromise } from "../fragment.ts";
import type { StreamName } from "../ids.ts";

/** One document of a policy file, checked: a fragment before it is signed. */
export type SourceDocument = BundleDocument;

/** A fault in a policy file, where the author sees it. */
export interface Problem {
  readonly fileName: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units, as editors count. */
  readonly column: number;
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string;
}

/** A compiled policy file, or its problems in the order of the text. */
export type CompiledSource =
  | { readonly stream: StreamName; readonly documents: readonly SourceDocument[] }
  | { readonly problems: readonly Problem[] };

/** A fault in one promise: `path` leads from the promise to the value (`["mode"]`, `["command", "0"]`). */
export interface PromiseProblem {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint?: string;
}

/**
 * Checks a promise by its resource type, which core knows. An unknown resource type is one problem with an
 * empty path. `name` is what stands behind the colon of the resource id.
 */
export type CheckPromise = (
  kind: string,
  promise: ResourcePromise,
  name: string,
) => readonly PromiseProblem[];

/** A fault that shows only when the documents of a file are seen together: where one of its promises stands. */
export interface DocumentsProblem extends PromiseProblem {
  /** Its place among the documents, from 0. */
  readonly document: number;
  readonly resource: string;
}

/** Checks documents that are sound each for itself. */
export type CheckDocuments = (documents: readonly SourceDocument[]) => readonly DocumentsProblem[];
