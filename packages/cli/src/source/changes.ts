import {
  canonicalBytes,
  compareText,
  type Json,
  promisesOf,
  type ResourceId,
  type ResourcePromise,
  type SourceDocument,
} from "@antibody/policy";

/** How the promises of a generation differ from those of another; resources in order. */
export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly { readonly resource: string; readonly fields: readonly string[] }[];
  readonly removed: readonly string[];
}

/** Compares what two generations promise, whatever their guards: a promise under another guard has changed `when`. */
export function changesBetween(before: readonly SourceDocument[], after: readonly SourceDocument[]): Changes {
  const [old, fresh] = [promisedIn(before), promisedIn(after)];
  const inOrder = (resources: Iterable<ResourceId>): readonly ResourceId[] =>
    [...resources].toSorted(compareText);
  return {
    added: inOrder([...fresh.keys()].filter((resource) => !old.has(resource))),
    changed: inOrder(old.keys()).flatMap((resource) => {
      const [was, is] = [old.get(resource), fresh.get(resource)];
      const fields = was === undefined || is === undefined ? [] : differences(was, is);
      return fields.length === 0 ? [] : [{ resource, fields }];
    }),
    removed: inOrder([...old.keys()].filter((resource) => !fresh.has(resource))),
  };
}

/** One resource may be promised several times, under guards that exclude each other. */
type Promised = readonly { readonly when: string; readonly promise: ResourcePromise }[];

function promisedIn(documents: readonly SourceDocument[]): ReadonlyMap<ResourceId, Promised> {
  const promised = new Map<ResourceId, Promised>();
  for (const document of documents) {
    for (const [resource, promise] of promisesOf(document)) {
      const others = promised.get(resource) ?? [];
      promised.set(resource, [...others, { when: document.when ?? "", promise }]);
    }
  }
  return promised;
}

function differences(was: Promised, is: Promised): readonly string[] {
  const guards = (promised: Promised): string =>
    textOf(promised.map(({ when }) => when).toSorted(compareText));
  if (guards(was) !== guards(is)) return ["when"];
  const fields = is.flatMap(({ when, promise }) => {
    const before = was.find((each) => each.when === when);
    return before === undefined ? [] : changedFields(before.promise, promise);
  });
  return [...new Set(fields)].toSorted(compareText);
}

/** Fields that are new, gone, or have another value; sorted. */
export function changedFields(before: Json, after: Json): readonly string[] {
  const [old, fresh] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((field) => old.get(field) !== fresh.get(field))
    .toSorted(compareText);
}

function fieldsOf(promise: Json): ReadonlyMap<string, string> {
  const entries = typeof promise === "object" && promise !== null ? Object.entries(promise) : [];
  return new Map(entries.map(([field, value]) => [field, textOf(value)]));
}

function textOf(value: Json): string {
  return Buffer.from(canonicalBytes(value)).toString("utf8");
}
