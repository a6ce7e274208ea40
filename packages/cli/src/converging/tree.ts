/** What stands at a path of a device, as far as promises tell of it. */
export type Entry =
  | { readonly type: "file"; readonly text: string }
  | { readonly type: "directory" }
  | { readonly type: "symlink"; readonly target: string };

/** The paths of a device that promises speak of; where nothing is said, nothing is there. */
export type Tree = ReadonlyMap<string, Entry>;

/** The tree with another entry at a path; undefined removes it. */
export function withEntry(tree: Tree, path: string, entry: Entry | undefined): Tree {
  const next = new Map(tree);
  if (entry === undefined) next.delete(path);
  else next.set(path, entry);
  return next;
}

/** Whether anything stands below a path: then it is a directory that cannot be removed. */
export function hasEntriesBelow(tree: Tree, path: string): boolean {
  return [...tree.keys()].some((each) => isBelow(each, path));
}

export function isBelow(path: string, ancestor: string): boolean {
  return path.startsWith(`${ancestor}/`);
}

/** Equal for equal trees. */
export function keyOf(tree: Tree): string {
  const entries = [...tree].sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(entries);
}

/** What stands at a path, for people. */
export function entryText(entry: Entry | undefined): string {
  if (entry === undefined) return "absent";
  if (entry.type === "directory") return "a directory";
  if (entry.type === "symlink") return "a symlink";
  return entry.text === "" ? "an empty file" : "another file";
}
