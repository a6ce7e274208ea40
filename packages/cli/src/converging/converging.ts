import { resourceTypes } from "@antibody/core";
import { parseResourceId, type ResourceId, type ResourcePromise } from "@antibody/policy";
import { type Contender, type Counterexample, explore } from "./exploring.ts";
import { keeperOf, pathOf } from "./keepers.ts";
import { type Entry, entryText, isBelow, type Tree } from "./tree.ts";

/** Promises about one path, or about paths below each other, that are looked at together. A guess: people write fewer. */
const togetherMax = 12;
/** Beginnings that are tried of each such group. A guess: five ways to be broken at five paths. */
const beginningsMax = 4_096;

/** Promises that never come to rest, or get stuck, and how. */
export interface Unsettled {
  /** At which it shows. */
  readonly resource: ResourceId;
  readonly message: string;
}

/**
 * Whether promises that are in force together converge: from every combination of broken states, by every order of
 * repairs, to where all are kept, and there they stay (Burgess, 2004: a promise must be a fixed point that repairs lead
 * to). Looks at what shares paths: files, directories, links, and edits of their lines and keys, with the very edits
 * that the agent makes.
 */
export function unsettled(promises: ReadonlyMap<ResourceId, ResourcePromise>): readonly Unsettled[] {
  return groupsOf([...promises.keys()]).flatMap((group) => {
    const found = group.length > togetherMax ? undefined : counterexample(group, promises);
    return found === undefined ? [] : [found];
  });
}

function counterexample(
  group: readonly ResourceId[],
  promises: ReadonlyMap<ResourceId, ResourcePromise>,
): Unsettled | undefined {
  const paths = [...new Set(group.map((resource) => pathOf(resource) ?? ""))].toSorted();
  const contenders = group.flatMap((resource): Contender[] => {
    const promise = promises.get(resource) ?? {};
    const keeper = keeperOf(resource, promise, paths);
    const type = resourceTypes.find(({ kind }) => kind === parseResourceId(resource)?.kind);
    return keeper === undefined ? [] : [{ ...keeper, after: type?.common(promise).after ?? [] }];
  });
  for (const { tree, isForeign } of beginnings(paths)) {
    const found = explore(contenders, tree, !isForeign);
    if (found !== undefined) return told(found, paths, contenders);
  }
  return undefined;
}

/** What may stand at a path before any repair. What nobody promised may be in the way: that is for a human to move. */
const ways: readonly { readonly entry: Entry | undefined; readonly isForeign: boolean }[] = [
  { entry: undefined, isForeign: false },
  { entry: { type: "file", text: "" }, isForeign: true },
  { entry: { type: "file", text: "something = else\n" }, isForeign: true },
  { entry: { type: "directory" }, isForeign: true },
  { entry: { type: "symlink", target: "/elsewhere" }, isForeign: true },
];

/** Every combination of ways to be broken, the simplest first, and only those that a device can be in. */
function beginnings(
  paths: readonly string[],
): readonly { readonly tree: Tree; readonly isForeign: boolean }[] {
  let all: { tree: Map<string, Entry>; isForeign: boolean }[] = [{ tree: new Map(), isForeign: false }];
  for (const path of paths) {
    all = ways.flatMap(({ entry, isForeign }) =>
      all.flatMap((one) => {
        if (entry === undefined) return [one];
        const parent = paths.findLast((each) => isBelow(path, each));
        if (parent !== undefined && one.tree.get(parent)?.type !== "directory") return [];
        return [{ tree: new Map([...one.tree, [path, entry]]), isForeign: one.isForeign || isForeign }];
      }),
    );
    all = all.slice(0, beginningsMax);
  }
  return all;
}

function told(found: Counterexample, paths: readonly string[], contenders: readonly Contender[]): Unsettled {
  const { from, steps, roundLength } = found;
  const start = paths.map((path) => `${path} ${entryText(from.get(path))}`).join(", ");
  const way = steps.join(", then ");
  const resource = steps.at(-1) ?? contenders[0]?.resource;
  if (resource === undefined) throw new Error("a counterexample of nothing");
  if (roundLength === 0) {
    const after = steps.length === 0 ? "" : ` after repairs of ${way}`;
    return { resource, message: `cannot all be kept: from ${start} they get stuck${after}` };
  }
  return { resource, message: `never comes to rest: from ${start}, repairs go ${way}, and so on` };
}

/** Promises that share a path, or one of which lies below another. Who is alone in its place disturbs nobody. */
function groupsOf(resources: readonly ResourceId[]): readonly (readonly ResourceId[])[] {
  const byPath = resources
    .flatMap((resource) => {
      const path = pathOf(resource);
      return path === undefined ? [] : [{ resource, path }];
    })
    .toSorted((left, right) => (left.path < right.path ? -1 : 1));
  const groups: { readonly top: string; readonly members: ResourceId[] }[] = [];
  for (const { resource, path } of byPath) {
    const group = groups.find(({ top }) => top === path || isBelow(path, top));
    if (group === undefined) groups.push({ top: path, members: [resource] });
    else group.members.push(resource);
  }
  return groups.map(({ members }) => members).filter(({ length }) => length > 1);
}
