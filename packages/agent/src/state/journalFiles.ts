import { existsSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { compareText } from "@antibody/policy";
import { syncDirectory } from "./atomicFile.ts";
import { JournalFront } from "./journalFront.ts";
import { JournalTable, type Row, type TableContent } from "./journalTable.ts";
import { isBroken } from "./sqlite.ts";

/** A file of the journal that was damaged, and what became of it. */
export interface JournalDamage {
  readonly path: string;
  /** Where the damaged file is kept, for whoever wants to look deeper. */
  readonly movedTo: string;
  /** Records that no other file held and that could still be read in the damaged one. */
  readonly salvagedCount: number;
  /** Keys whose newest value is gone, as far as keys are legible. */
  readonly lostKeys: readonly string[];
  /**
   * Whether all that was persisted with `sync` (floors, grants, pauses) is there: the history holds a copy of it.
   * False when the history was damaged too, or gone.
   */
  readonly trustKept: boolean;
}

/** Where the files of a journal lie. */
export interface JournalPaths {
  readonly journal: string;
  readonly front: string;
  readonly history: string;
}

/** The files of a journal, open and sound. */
export interface OpenTables {
  readonly journal: JournalTable;
  /** It takes nothing yet. */
  readonly front: JournalFront;
  /** What the front holds and the journal's table does not. */
  readonly unfolded: readonly Row[];
  readonly history: JournalTable;
  /** What all hold: the newest row of each key. */
  readonly rows: readonly Row[];
  readonly damages: readonly JournalDamage[];
  /** Whether the history lacks what the journal holds: the process ended before it was copied, or power did. */
  readonly historyLags: boolean;
}

/** Opens the files of a journal, makes the tables where there are none, and rebuilds what is damaged. */
export function openTables(paths: JournalPaths, wallMs: number): OpenTables {
  const isNew = !existsSync(paths.journal);
  finishRebuild(paths.journal);
  finishRebuild(paths.history);
  const { front, rows: frontRows } = JournalFront.open(paths.front);
  const table = tryTable(paths.journal, "FULL");
  const unfolded = newerRows(frontRows, table.content.rows);
  const journal = {
    ...table,
    content: { ...table.content, rows: mergeRows([table.content.rows, unfolded]) },
  };
  const history = tryTable(paths.history, "NORMAL");
  if (isNew) syncDirectory(dirname(paths.journal));
  const damages: JournalDamage[] = [];
  if (journal.content.broken) {
    const trustKept = !history.content.broken && history.content.rows.length > 0;
    damages.push(rebuild(journal, history, trustKept, wallMs));
  }
  if (history.content.broken) damages.push(rebuild(history, journal, !journal.content.broken, wallMs));
  return {
    journal: journal.table ?? new JournalTable(paths.journal, "FULL"),
    front,
    unfolded,
    history: history.table ?? new JournalTable(paths.history, "NORMAL"),
    rows: mergeRows([journal.content.rows, history.content.rows]),
    damages,
    historyLags: newerRows(journal.content.rows, history.content.rows).some(({ value }) => value !== null),
  };
}

/** The rows that others do not have, or have older. */
export function newerRows(rows: readonly Row[], others: readonly Row[]): readonly Row[] {
  const known = new Map(others.map(({ key, sequence }) => [key, sequence]));
  return rows.filter(({ key, sequence }) => sequence > (known.get(key) ?? -1));
}

/** The newest row of each key, in the order of keys. */
export function mergeRows(tables: readonly (readonly Row[])[]): readonly Row[] {
  const newest = new Map<string, Row>();
  for (const row of tables.flat()) {
    const known = newest.get(row.key);
    if (known === undefined || known.sequence < row.sequence) newest.set(row.key, row);
  }
  return [...newest.values()].sort((left, right) => compareText(left.key, right.key));
}

interface TriedTable {
  readonly path: string;
  readonly content: TableContent;
  /** Undefined when the file is damaged. */
  readonly table: JournalTable | undefined;
}

function tryTable(path: string, synchronous: "FULL" | "NORMAL"): TriedTable {
  let table: JournalTable | undefined;
  const broken: TableContent = { rows: [], illegibleKeys: [], broken: true };
  // SQLite takes a file that was cut to nothing for a new database.
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) return { path, content: broken, table };
  try {
    table = new JournalTable(path, synchronous);
    const content = table.content();
    if (!content.broken) return { path, content, table };
    table.close();
    return { path, content, table: undefined };
  } catch (error) {
    table?.close();
    if (!isBroken(error)) throw error;
    return { path, content: broken, table: undefined };
  }
}

/**
 * Puts a sound file in the place of a damaged one: what was legible in it, and what only the other file holds.
 * The new file is complete before the old one moves, so that an interruption loses neither.
 */
function rebuild(damaged: TriedTable, other: TriedTable, trustKept: boolean, wallMs: number): JournalDamage {
  const rows = mergeRows([damaged.content.rows, other.content.rows]);
  const rebuilt = new JournalTable(rebuildPath(damaged.path), "FULL");
  rebuilt.write(rows);
  rebuilt.close();
  const movedTo = `${damaged.path}.broken-${new Date(wallMs).toISOString().replaceAll(":", "")}`;
  moveDatabase(damaged.path, movedTo);
  finishRebuild(damaged.path);
  const elsewhere = new Set(other.content.rows.map((row) => row.key));
  return {
    path: damaged.path,
    movedTo,
    salvagedCount: damaged.content.rows.filter((row) => !elsewhere.has(row.key)).length,
    lostKeys: damaged.content.illegibleKeys.filter((key) => !elsewhere.has(key)),
    trustKept,
  };
}

function rebuildPath(path: string): string {
  return `${path}.rebuilt`;
}

/** Moves a complete rebuilt file to its place, also when a power cut came between the two moves. */
function finishRebuild(path: string): void {
  if (existsSync(path) || !existsSync(rebuildPath(path))) return;
  renameSync(rebuildPath(path), path);
  syncDirectory(dirname(path));
}

function moveDatabase(from: string, to: string): void {
  // The log first: a log beside a database that is not its own would be garbage in the new one.
  for (const suffix of ["-wal", "-shm", ""]) {
    if (existsSync(from + suffix)) renameSync(from + suffix, to + suffix);
  }
  syncDirectory(dirname(from));
}
