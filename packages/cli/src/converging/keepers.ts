import { keepKey, keepLine } from "@antibody/agent/edits";
import {
  readDirectoryPromise,
  readEditName,
  readFilePromise,
  readKeyPromise,
  readLinePromise,
  readSymlinkPromise,
} from "@antibody/core";
import { parseResourceId, type ResourceId, type ResourcePromise } from "@antibody/policy";
import { type Entry, hasEntriesBelow, isBelow, type Tree, withEntry } from "./tree.ts";

/** What keeps one promise about a path: how the agent's body does it, without a device. */
export interface Keeper {
  readonly resource: ResourceId;
  readonly path: string;
  isKept(tree: Tree): boolean;
  /** The tree after a repair; undefined where the repair fails. */
  repair(tree: Tree): Tree | undefined;
}

/** Where a promise is kept. Parents that nobody promises anything of are taken to be there. */
interface Place {
  readonly resource: ResourceId;
  readonly path: string;
  /** Paths above it that others promise something of, the highest first. */
  readonly parents: readonly string[];
}

/** The path that a promise is about; undefined for what shares nothing with others. */
export function pathOf(resource: ResourceId): string | undefined {
  const { kind, name } = parseResourceId(resource) ?? { kind: "", name: "" };
  if (kind === "file" || kind === "directory" || kind === "symlink") return name;
  return kind === "line" || kind === "key" ? readEditName(name)?.path : undefined;
}

/** The keeper of a promise about a path, among others about these paths; undefined for one about no path. */
export function keeperOf(
  resource: ResourceId,
  promise: ResourcePromise,
  paths: readonly string[],
): Keeper | undefined {
  const path = pathOf(resource);
  const { kind, name } = parseResourceId(resource) ?? { kind: "", name: "" };
  if (path === undefined) return undefined;
  const place = { resource, path, parents: paths.filter((each) => isBelow(path, each)).toSorted() };
  const label = readEditName(name)?.label ?? "";
  switch (kind) {
    case "file":
      return fileKeeper(place, promise);
    case "directory":
      return directoryKeeper(place, promise);
    case "symlink":
      return symlinkKeeper(place, promise);
    case "line":
      return editKeeper(place, promise, (text) => keepLine(readLinePromise(promise), text));
    case "key":
      return editKeeper(place, promise, (text) => keepKey(readKeyPromise(promise), label, text));
    default:
      return undefined;
  }
}

function fileKeeper(place: Place, promise: ResourcePromise): Keeper {
  const { resource, path } = place;
  const { content, absent } = readFilePromise(promise);
  const isKept = (tree: Tree): boolean => {
    const entry = tree.get(path);
    if (absent === true) return entry === undefined;
    return entry?.type === "file" && (content === undefined || entry.text === content);
  };
  return {
    resource,
    path,
    isKept,
    repair: (tree) => {
      const before = tree.get(path);
      const text = content ?? (before?.type === "file" ? before.text : "");
      return placed(tree, place, absent === true ? undefined : { type: "file", text });
    },
  };
}

function directoryKeeper(place: Place, promise: ResourcePromise): Keeper {
  const { resource, path } = place;
  const { absent } = readDirectoryPromise(promise);
  return {
    resource,
    path,
    isKept: (tree) => (absent === true ? tree.get(path) === undefined : tree.get(path)?.type === "directory"),
    repair: (tree) => {
      const before = tree.get(path);
      // Neither is anything else removed, nor replaced by a directory; parents that are missing are made.
      if (absent === true) return before?.type === "directory" ? placed(tree, place, undefined) : undefined;
      if (before !== undefined) return undefined;
      return withParents(tree, place.parents)?.set(path, { type: "directory" });
    },
  };
}

function symlinkKeeper(place: Place, promise: ResourcePromise): Keeper {
  const { resource, path } = place;
  const { target = "", absent } = readSymlinkPromise(promise);
  return {
    resource,
    path,
    isKept: (tree) => {
      const entry = tree.get(path);
      return absent === true ? entry === undefined : entry?.type === "symlink" && entry.target === target;
    },
    repair: (tree) => placed(tree, place, absent === true ? undefined : { type: "symlink", target }),
  };
}

function editKeeper(
  place: Place,
  promise: ResourcePromise,
  edit: (text: string) => { readonly same: number; readonly other: number; readonly text: string },
): Keeper {
  const { resource, path } = place;
  const isAbsent = promise["absent"] === true;
  return {
    resource,
    path,
    isKept: (tree) => {
      const entry = tree.get(path);
      if (entry?.type !== "file") return entry === undefined && isAbsent;
      const { same, other } = edit(entry.text);
      return isAbsent ? same + other === 0 : same > 0 && other === 0;
    },
    repair: (tree) => {
      const entry = tree.get(path);
      // An edit reads what stands there: a directory or a link is not for it to replace.
      if (entry !== undefined && entry.type !== "file") return undefined;
      return placed(tree, place, { type: "file", text: edit(entry?.text ?? "").text });
    },
  };
}

/** Puts an entry at a path, or removes what is there, as a rename does: an empty directory goes, a full one stays. */
function placed(tree: Tree, { path, parents }: Place, entry: Entry | undefined): Tree | undefined {
  const hasDirectory = parents.every((parent) => tree.get(parent)?.type === "directory");
  // Where the directory is missing nothing is there either: that may be what was promised.
  if (!hasDirectory || hasEntriesBelow(tree, path)) return undefined;
  return withEntry(tree, path, entry);
}

function withParents(tree: Tree, parents: readonly string[]): Map<string, Entry> | undefined {
  const next = new Map(tree);
  for (const parent of parents) {
    const entry = tree.get(parent);
    if (entry !== undefined && entry.type !== "directory") return undefined;
    next.set(parent, { type: "directory" });
  }
  return next;
}
