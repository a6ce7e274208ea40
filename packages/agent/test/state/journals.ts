import type { Snapshot } from "@antibody/core";
import { Journal } from "../../src/state/journal.ts";
import type { StatePaths } from "../../src/state/places.ts";

export const wallMs = Date.UTC(2026, 10, 22);

/** Opens a journal, uses it and closes it. */
export function withJournal<Result>(paths: StatePaths, use: (journal: Journal) => Result): Result {
  const journal = Journal.open(paths, wallMs);
  try {
    return use(journal);
  } finally {
    journal.close();
  }
}

/** What a start finds. */
export function contents(paths: StatePaths): Map<string, Snapshot> {
  return withJournal(paths, (journal) => new Map(journal.read().map(({ key, value }) => [key, value])));
}
