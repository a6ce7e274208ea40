import type { Inspection } from "@antibody/core";
import {
  type AuthorId,
  canonicalBytes,
  equalBytes,
  type Json,
  promisesOf,
  type ResourceId,
  type SourceDocument,
  type StreamName,
} from "@antibody/policy";
import { CliError, exitCode } from "../errors.ts";
import { changedFields } from "./changes.ts";

/** One promise that a file would change, against what is in force. */
export interface PromiseChange {
  readonly resource: string;
  /** Fields that are new, gone, or have another value; for a changed promise. */
  readonly fields: readonly string[];
  /** The guard of its document, where it has one: it may not concern this device. */
  readonly when?: string;
}

/** What publishing a file would change on one device. */
export interface SourceDiff {
  readonly added: readonly PromiseChange[];
  readonly changed: readonly PromiseChange[];
  readonly removed: readonly PromiseChange[];
  readonly unchangedCount: number;
}

/** Compares a policy file with what the agent holds of the same stream of one author. */
export function diffSource(
  inspection: Inspection,
  author: AuthorId | undefined,
  stream: StreamName,
  documents: readonly SourceDocument[],
): SourceDiff {
  const live = livePromises(inspection, author, stream);
  const held = heldResources(inspection, author, stream);
  const wanted = documents.flatMap((document) =>
    promisesOf(document).map(([resource, promise]) => ({ resource, promise, when: document.when })),
  );
  const added: PromiseChange[] = [];
  const changed: PromiseChange[] = [];
  let unchangedCount = 0;
  for (const { resource, promise, when } of wanted) {
    const guard = when === undefined ? {} : { when };
    const before = live.get(resource);
    if (before === undefined) {
      // Claimed already but not in force: its text is not known here, so nothing is said about it.
      if (held.has(resource)) unchangedCount += 1;
      else added.push({ resource, fields: [], ...guard });
    } else if (equalBytes(canonicalBytes(before), canonicalBytes(promise))) {
      unchangedCount += 1;
    } else {
      changed.push({ resource, fields: changedFields(before, promise), ...guard });
    }
  }
  const named = new Set(wanted.map(({ resource }) => resource));
  const removed = [...new Set([...live.keys(), ...held])]
    .filter((resource) => !named.has(resource))
    .map((resource) => ({ resource, fields: [] }));
  return { added, changed, removed, unchangedCount };
}

/** The one author whose stream of this name the agent holds; undefined when it holds none. Throws a CliError. */
export function authorOfStream(inspection: Inspection, stream: StreamName): AuthorId | undefined {
  const authors = inspection.streams.filter((state) => state.stream === stream).map(({ author }) => author);
  if (authors.length < 2) return authors[0];
  throw new CliError({
    code: "ambiguous",
    message: `several authors have a stream ${stream}`,
    cause: authors.join(", "),
    next: "name one: --author AUTHOR",
    exit: exitCode.failed,
  });
}

function livePromises(
  inspection: Inspection,
  author: AuthorId | undefined,
  stream: StreamName,
): ReadonlyMap<ResourceId, Json> {
  const live = new Map<ResourceId, Json>();
  for (const view of inspection.resources) {
    if (view.promise === undefined || view.author !== author || view.stream !== stream) continue;
    live.set(view.resource, view.promise);
  }
  return live;
}

function heldResources(
  inspection: Inspection,
  author: AuthorId | undefined,
  stream: StreamName,
): ReadonlySet<ResourceId> {
  const claims = inspection.heldClaims.filter((claim) => claim.author === author && claim.stream === stream);
  return new Set(claims.map(({ resource }) => resource));
}
