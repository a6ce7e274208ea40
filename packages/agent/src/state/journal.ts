import type { Durability, JournalRecord } from "@antibody/core";
import type { JournalPort } from "../ports.ts";
import {
  type JournalDamage,
  type JournalPaths,
  mergeRows,
  newerRows,
  type OpenTables,
  openTables,
} from "./journalFiles.ts";
import type { JournalFront } from "./journalFront.ts";
import type { JournalTable, Row } from "./journalTable.ts";
import { decodeSnapshot, encodeSnapshot } from "./snapshotBytes.ts";
import { isBroken, isBusy } from "./sqlite.ts";
import { messageOf, StateError } from "./stateError.ts";

/** How long, and how many, rows may be owed to the history: nobody waits for a copy. Guesses. */
const owedMs = 1_000;
const owedRowsMax = 4_096;

/**
 * The durable memory of a mind, in two databases and a front. `journal.db` holds what is persisted with `sync`: its front
 * (`journal.front`) has it on the medium when `persist` returns, and the database takes it from there many writes at a
 * time. `history.db` takes everything: what is `batched` is in the kernel's hands when `persist` returns, and a copy of
 * what is `sync` a second later. Every row carries a rising sequence; of two rows of one
 * key the higher wins, so it never matters between which two writes the power went. And the journal can be
 * rebuilt from the history: a damaged one loses no floor.
 */
export class Journal implements JournalPort {
  readonly #journal: JournalTable;
  readonly #front: JournalFront;
  /** What the front holds and the journal's database does not, by key. No more than the front has room for. */
  readonly #unfolded: Map<string, Row>;
  readonly #history: JournalTable;
  #sequence: number;
  /** Whether the history lacks a copy of what was written to the journal: its own write was refused. */
  #historyLags: boolean;
  /** What the history is still to get a copy of, by key: the newest row of each. */
  readonly #owed = new Map<string, Row>();
  #copying: NodeJS.Timeout | undefined;
  /** What was read when the files were opened, for the one reader at the start. */
  #rows: readonly Row[] | undefined;
  /** What was damaged when the journal was opened, and is repaired by now. */
  readonly damages: readonly JournalDamage[];

  private constructor({ journal, front, unfolded, history, rows, damages, historyLags }: OpenTables) {
    this.#journal = journal;
    this.#front = front;
    this.#unfolded = new Map(unfolded.map((row) => [row.key, row]));
    this.#history = history;
    this.#rows = rows;
    this.#historyLags = historyLags;
    this.damages = damages;
    this.#sequence = rows.reduce((highest, row) => Math.max(highest, row.sequence), 0);
    // What a front still holds must find the rows that say it was deleted since.
    if (!this.#beginFront() && !front.isBlank) return;
    this.#forgetDeletedIfPossible(rows.filter((row) => row.value === null).map((row) => row.key));
  }

  /**
   * Opens the journal, or makes it. Damaged files are moved aside, never overwritten, and what can be read goes
   * on (see `damages`). `wallMs` is the time that their new names carry. Throws a StateError.
   */
  static open(paths: JournalPaths, wallMs: number): Journal {
    try {
      return new Journal(openTables(paths, wallMs));
    } catch (error) {
      if (error instanceof StateError) throw error;
      const next = isBusy(error)
        ? `Close the program that has it open: fuser ${paths.journal} ${paths.history}`
        : "Check the free space and the permissions of the state directory.";
      throw new StateError("stateUnwritable", `cannot open the journal: ${messageOf(error)}`, next, error);
    }
  }

  read(): readonly JournalRecord[] {
    this.#pay();
    const rows = this.#rows ?? mergeRows([this.#journalRows(), this.#history.content().rows]);
    this.#rows = undefined;
    return rows.flatMap(({ key, value }): JournalRecord[] =>
      value === null ? [] : [{ key, value: decodeSnapshot(value) }],
    );
  }

  /**
   * Writes all of the records or none. Throws what the system refused: a full disk, a card that went read-only.
   * Records that the journal holds already as they are, all of them, cost no `sync`: a start says again what is in force.
   */
  persist(durability: Durability, records: readonly JournalRecord[]): void {
    if (records.length === 0) return;
    this.#rows = undefined;
    // Of several records of one key the last one stands.
    const lastByKey = new Map(records.map((record) => [record.key, record.value]));
    const rows = Array.from(lastByKey, ([key, value]): Row => {
      this.#sequence += 1;
      return { key, sequence: this.#sequence, value: value === null ? null : encodeSnapshot(value) };
    });
    if (durability === "batched") this.#persistBatched(rows);
    else this.#persistSync(rows.every((row) => this.#isDurable(row)) ? [] : rows);
  }

  close(): void {
    try {
      this.#pay();
    } finally {
      this.#closeTables();
    }
  }

  #closeTables(): void {
    this.#foldIfPossible();
    this.#front.close(this.#unfolded.size === 0);
    this.#journal.close();
    this.#history.close();
  }

  /** Whether the front takes what comes next. It does not where the disk is full: then the database takes everything. */
  #beginFront(): boolean {
    try {
      this.#journal.upgrade();
      this.#fold([]);
      return this.#front.begin();
    } catch (error) {
      if (isBroken(error)) throw error;
      return false;
    }
  }

  /** Gives the journal's database what the front holds, and more. All or nothing. */
  #fold(more: readonly Row[]): void {
    const rows = mergeRows([[...this.#unfolded.values()], more]);
    if (rows.length > 0) this.#journal.write(rows);
    this.#unfolded.clear();
    this.#front.clear();
  }

  /** What is refused stays in the front, and is refused again when that is full. */
  #foldIfPossible(): void {
    try {
      this.#fold([]);
    } catch {
      // Whoever persists next when there is no room is told.
    }
  }

  #journalRows(): readonly Row[] {
    return mergeRows([this.#journal.content().rows, [...this.#unfolded.values()]]);
  }

  /** The journal's newest row of a key. */
  #find(key: string): Row | undefined {
    return this.#unfolded.get(key) ?? this.#journal.find(key);
  }

  /**
   * A deletion stays in the journal as a row: after a power cut the history may hold the record again. What the
   * journal holds is durable, so that a copy which the history refuses is only caught up with later.
   */
  #persistSync(rows: readonly Row[]): void {
    if (rows.length > 0) this.#bringToMedium(rows);
    for (const row of rows) this.#owed.set(row.key, row);
    if (this.#owed.size >= owedRowsMax) this.#pay();
    else if (this.#owed.size > 0 || this.#historyLags) {
      this.#copying ??= setTimeout(() => this.#pay(), owedMs).unref();
    }
  }

  #bringToMedium(rows: readonly Row[]): void {
    if (this.#front.append(rows)) for (const row of rows) this.#unfolded.set(row.key, row);
    else this.#fold(rows);
  }

  /** Gives the history what it is owed. One that refuses it is given all that it lacks with what comes next. */
  #pay(): void {
    clearTimeout(this.#copying);
    this.#copying = undefined;
    const owed = [...this.#owed.values()];
    this.#owed.clear();
    try {
      this.#copyToHistory(this.#historyLags ? this.#missingInHistory() : owed);
      this.#historyLags = false;
    } catch {
      // A damaged one says so to the next `batched` write, which nothing else holds.
      this.#historyLags = true;
    }
    // While nobody waits: not when the next generation finds no room.
    if (this.#front.isHalfFull) this.#foldIfPossible();
  }

  /** Whether the journal holds this value, and the history nothing newer. */
  #isDurable({ key, value }: Row): boolean {
    const durable = this.#find(key);
    if (durable === undefined || !isSame(durable.value, value)) return false;
    const copy = this.#history.find(key);
    return copy === undefined || copy.sequence <= durable.sequence || isSame(copy.value, value);
  }

  #copyToHistory(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    this.#history.write(
      rows.filter((row) => row.value !== null),
      rows.filter((row) => row.value === null).map((row) => row.key),
    );
  }

  #missingInHistory(): readonly Row[] {
    return newerRows(this.#journalRows(), this.#history.content().rows);
  }

  /** A deletion stays in the history as a row only where the journal still holds an older value. */
  #persistBatched(rows: readonly Row[]): void {
    // What came before goes before: it may be of the same keys.
    if (this.#owed.size > 0) this.#pay();
    const written: Row[] = [];
    const removedKeys: string[] = [];
    for (const row of rows) {
      if (row.value === null && this.#find(row.key) === undefined) removedKeys.push(row.key);
      else written.push(row);
    }
    this.#history.write(written, removedKeys);
  }

  /** Nothing but room is lost when a full disk does not let go of what was deleted. */
  #forgetDeletedIfPossible(deletedKeys: readonly string[]): void {
    try {
      this.#forgetDeleted(deletedKeys);
    } catch (error) {
      if (isBroken(error)) throw error;
    }
  }

  /**
   * Removes the rows that only say that something was deleted. First the history loses what it still holds of
   * it, and is brought to the medium; then the journal; then the history loses its own such rows, which stood in
   * for the journal's older values until now. A power cut in between brings nothing back.
   */
  #forgetDeleted(deletedKeys: readonly string[]): void {
    if (deletedKeys.length === 0) return;
    const history = this.#history.content().rows;
    const deletions = new Set(history.filter((row) => row.value === null).map((row) => row.key));
    this.#history.write(
      [],
      deletedKeys.filter((key) => !deletions.has(key)),
    );
    this.#history.checkpoint();
    this.#journal.write([], deletedKeys);
    this.#history.write([], deletedKeys);
  }
}

function isSame(left: Uint8Array | null, right: Uint8Array | null): boolean {
  return left === null || right === null ? left === right : Buffer.compare(left, right) === 0;
}
