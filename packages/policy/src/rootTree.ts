import { compareText, toHex } from "./bytes.ts";
import { type FragmentId, idDigest } from "./ids.ts";
import type { Root } from "./root.ts";

/** A root with the id that its digest makes. */
export interface NamedRoot {
  readonly id: FragmentId;
  readonly root: Root;
}

/** Where an author's roots stand. */
export interface RootsState {
  /** The newest one; absent where none is held, or where the author made two of one number. */
  readonly root?: Root;
  /** Two roots of one number that continue the same one. */
  readonly proof?: readonly [FragmentId, FragmentId];
  /** The newest of every branch: one, but where there is a proof. A document of any of them can be verified. */
  readonly newest: readonly Root[];
}

/**
 * Follows an author's roots from the first to the newest. A pure function of the roots held, in whatever order they
 * came. Where two continue one root, nobody is followed, however long a branch grows: whoever holds the keys of N and
 * N+1 can make another N+1 and name the next keys itself, and would win any race. Only the owner decides, by pinning
 * a root of one of the branches.
 */
export function followRoots(roots: readonly NamedRoot[], pins: readonly string[] = []): RootsState {
  const sorted = roots.toSorted(compareRoots);
  const children = new Map<string, NamedRoot[]>();
  for (const named of sorted) {
    const previous = named.root.previous ?? "";
    children.set(previous, [...(children.get(previous) ?? []), named]);
  }
  let [current] = sorted;
  if (current === undefined) return { newest: [] };
  for (;;) {
    const next: readonly NamedRoot[] = children.get(digestOf(current)) ?? [];
    const pinned = next.length < 2 ? next : next.filter((each) => hasPin(each, children, pins));
    const [only] = pinned.length === 1 ? pinned : [];
    const [first, second] = next;
    if (only !== undefined) current = only;
    else if (first === undefined || second === undefined)
      return { root: current.root, newest: [current.root] };
    else return { proof: [first.id, second.id], newest: next.flatMap((each) => leavesOf(each, children)) };
  }
}

function compareRoots(left: NamedRoot, right: NamedRoot): number {
  return left.root.number - right.root.number || compareText(left.id, right.id);
}

function digestOf({ id }: NamedRoot): string {
  const digest = idDigest(id);
  if (digest === undefined) throw new Error(`Not the id of a root: ${id}`);
  return toHex(digest);
}

/** Whether a branch contains a root that was pinned. A chain has no circles: digests name what was before. */
function hasPin(
  branch: NamedRoot,
  children: ReadonlyMap<string, readonly NamedRoot[]>,
  pins: readonly string[],
): boolean {
  const digest = digestOf(branch);
  return pins.includes(digest) || (children.get(digest) ?? []).some((each) => hasPin(each, children, pins));
}

function leavesOf(branch: NamedRoot, children: ReadonlyMap<string, readonly NamedRoot[]>): readonly Root[] {
  const next = children.get(digestOf(branch)) ?? [];
  return next.length === 0 ? [branch.root] : next.flatMap((each) => leavesOf(each, children));
}
