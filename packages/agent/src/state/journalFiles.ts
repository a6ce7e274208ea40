import { existsSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { compareText } from "@antibody/policy";
import { syncDirectory } from "./atomicFile.ts";
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

/** Both files of a journal, open and sound. */
export interface OpenTables {
  readonly journal: JournalTable;
  readonly history: JournalTable;
  /** What both hold: the newest row of each key. */
  readonly rows: readonly Row[];
  readonly damages: readonly JournalDamage[];
  /** Whether the history lacks what the journal holds: the process ended before it was copied, or power did. */
  readonly historyLags: boolean;
}

/** Opens both files of a journal, makes them where there are none, and rebuilds what is damaged. */
export function openTables(journalPath: string, historyPath: string, wallMs: number): OpenTables {
  const isNew = !existsSync(journalPath);
  finishRebuild(journalPath);
  finishRebuild(historyPath);
  const journal = tryTable(journalPath, "FULL");
  const history = tryTable(historyPath, "NORMAL");
  if (isNew) syncDirectory(dirname(journalPath));
  const damages: JournalDamage[] = [];
  if (journal.content.broken) {
    const trustKept = !history.content.broken && history.content.rows.length > 0;
    damages.push(rebuild(journal, history, trustKept, wallMs));
  }
  if (history.content.broken) damages.push(rebuild(history, journal, !journal.content.broken, wallMs));
  return {
    journal: journal.table ?? new JournalTable(journalPath, "FULL"),
    history: history.table ?? new JournalTable(historyPath, "NORMAL"),
    rows: mergeRows([journal.content.rows, history.content.rows]),
    damages,
    historyLags: lacks(history.content.rows, journal.content.rows),
  };
}

/** Whether some values of the journal are not in the history, or older there. */
function lacks(history: readonly Row[], journal: readonly Row[]): boolean {
  const copied = new Map(history.map(({ key, sequence }) => [key, sequence]));
  return journal.some(({ key, sequence, value }) => value !== null && sequence > (copied.get(key) ?? -1));
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
