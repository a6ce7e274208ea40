import { findCircles, resourceTypes } from "@antibody/core";
import {
  type CheckDocuments,
  type DocumentsProblem,
  parseResourceId,
  promisesOf,
  type ResourceId,
  type SourceDocument,
} from "@antibody/policy";

/** Where a promise stands, and what it waits for. */
interface Waiting {
  readonly document: number;
  readonly after: readonly ResourceId[];
}

/**
 * Promises that wait for themselves through `after`, by the rule that the agent finds them by. Documents without a
 * guard are taken together with those of each guard: whether two different guards can hold at once is not known here.
 */
export const circleProblems: CheckDocuments = (documents) => {
  const guards = new Set(documents.map(({ when }) => when));
  const told = new Set<string>();
  return [undefined, ...guards].flatMap((guard) =>
    circlesAmong(waitingIn(documents, guard)).filter(({ message }) => {
      const isNew = !told.has(message);
      told.add(message);
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
      waiting.set(resource, { document, after: type?.common(promise).after ?? [] });
    }
  }
  return waiting;
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
