import type { Snapshot } from "../contract/snapshot.ts";

/**
 * Turns a plain value of the mind's own into a snapshot, and back. Both are the identity: the casts stand here
 * alone, because a dump is the mind's own word, whose shapes were checked when it was made.
 */
export function keep(value: unknown): Snapshot {
  return value as Snapshot;
}

/** What `keep` gave, with its type again. */
export function recall<T>(snapshot: Snapshot | undefined): T {
  return snapshot as T;
}
