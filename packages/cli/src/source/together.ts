import { findCircles, findConflicts, resourceTypes } from "@antibody/core";
import {
  type CheckDocuments,
  type DocumentsProblem,
  parseResourceId,
  promisesOf,
  type ResourceId,
  type ResourcePromise,
  type SourceDocument,
} from "@antibody/policy";

import { unsettled } from "../converging/converging.ts";

/** Where a promise stands, and what it waits for. */
interface Waiting {
  readonly document: number;
  readonly promise: ResourcePromise;
  readonly after: readonly ResourceId[];
}

/**
 * Promises that wait for themselves through `after`, and those that would undo each other, by the rules that the
 * agent finds them by. Documents without a
 * guard are taken together with those of each guard: whether two different guards can hold at once is not known here.
 */
export const problemsTogether: CheckDocuments = (documents) => {
  const guards = new Set(documents.map(({ when }) => when));
  const told = new Set<string>();
  return [undefined, ...guards].flatMap((guard) =>
    problemsAmong(waitingIn(documents, guard)).filter(({ resource, message }) => {
      const isNew = !told.has(`${resource} ${message}`);
      told.add(`${resource} ${message}`);
      return isNew;
    }),
  );
};

/** What would be in force where only this guard holds. */
function waitingIn(
  documents: readonly SourceDocument[],
  guard: string | undefined,
): ReadonlyMap<ResourceId, Waiting> {
  const waiting = new Map<ResourceId, Waiting>();
  for (const [document, source] of documents.entries()) {
    if (source.when !== undefined && source.when !== guard) continue;
    for (const [resource, promise] of promisesOf(source)) {
      const kind = parseResourceId(resource)?.kind;
      const type = resourceTypes.find((each) => each.kind === kind);
      waiting.set(resource, { document, promise, after: type?.common(promise).after ?? [] });
    }
  }
  return waiting;
}

function problemsAmong(waiting: ReadonlyMap<ResourceId, Waiting>): readonly DocumentsProblem[] {
  const known = [...circlesAmong(waiting), ...conflictsAmong(waiting)];
  // What is known to conflict need not be found again by trying.
  return known.length > 0 ? known : unsettledAmong(waiting);
}

/** Told where the counterexample ends. */
function unsettledAmong(waiting: ReadonlyMap<ResourceId, Waiting>): readonly DocumentsProblem[] {
  const promises = new Map([...waiting].map(([resource, { promise }]) => [resource, promise]));
  return unsettled(promises).map(({ resource, message }) => ({
    document: waiting.get(resource)?.document ?? 0,
    resource,
    path: [],
    message,
  }));
}

/** Told at each of the promises: which of them is wrong only people know. */
function conflictsAmong(waiting: ReadonlyMap<ResourceId, Waiting>): readonly DocumentsProblem[] {
  const claimants = [...waiting].map(([resource, { promise }]) => ({ resource, promise, rank: 0 }));
  return [...findConflicts(claimants)].map(([resource, message]) => ({
    document: waiting.get(resource)?.document ?? 0,
    resource,
    path: [],
    message,
    hint: "leave one out: the agent would keep neither",
  }));
}

/** Each circle once, told at that of its promises which comes first in the file. */
function circlesAmong(waiting: ReadonlyMap<ResourceId, Waiting>): readonly DocumentsProblem[] {
  const problems: DocumentsProblem[] = [];
  const seen = new Set<ResourceId>();
  const circles = findCircles(new Map([...waiting].map(([resource, { after }]) => [resource, after])));
  for (const [resource, { document, after }] of waiting) {
    const way = circles.get(resource)?.slice(0, -1) ?? [];
    if (way.length === 0 || seen.has(resource)) continue;
    for (const each of way) seen.add(each);
    const start = way.indexOf(resource);
    const round = [...way.slice(start), ...way.slice(0, start), resource];
    problems.push({
      document,
      resource,
      path: ["after", String(after.indexOf(round[1] ?? resource))],
      message: `waits for itself: ${round.join(" after ")}`,
      hint: "leave one out of after: each waits for the next, and none begins",
    });
  }
  return problems;
}
