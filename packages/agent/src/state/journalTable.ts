import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { isBroken } from "./sqlite.ts";
import { StateError } from "./stateError.ts";

/**
 * Version of the layout of the database, in its `user_version`. With the second one, what is newest in a journal may lie
 * in a front beside it: who does not know of that would go back behind it.
 */
const layoutVersion = 2;
/** Measured for records of 150 bytes: 1.1 KiB written for each `batched` one and 5.1 for `sync`; with 4 KiB, 4.1 and 8.1. */
const pageBytes = 1_024;
/** Pages in the write-ahead log before they move to the database. SQLite's own 4 MiB. */
const walPagesMax = 4_096;
/** Bytes that an emptied log keeps on disk, to be written over. */
const walBytesMax: number = walPagesMax * pageBytes;
/** The furthest jump over damage, in rows: beyond it the rest is taken to be gone. */
const damageRowsMax = 1_048_576;

/** One version of a record. The higher sequence of a key wins; a null value says that it was deleted. */
export interface Row {
  readonly key: string;
  readonly sequence: number;
  readonly value: Uint8Array | null;
}

/** What could be read of a table. */
export interface TableContent {
  readonly rows: readonly Row[];
  /** Keys of rows whose checksum does not fit, where the key itself is legible. */
  readonly illegibleKeys: readonly string[];
  /** Whether anything of it was damaged. */
  readonly broken: boolean;
}

/** One database file with one version of each record, in SQLite's write-ahead mode. */
export class JournalTable {
  readonly #database: DatabaseSync;
  readonly #upsert: StatementSync;
  readonly #remove: StatementSync;
  readonly #find: StatementSync;

  /**
   * `FULL`: a write has reached the medium when `write` returns. `NORMAL`: it has reached the kernel; a power cut
   * may lose the newest writes, never their order. Throws what SQLite throws, or a StateError (`stateNewer`).
   */
  constructor(path: string, synchronous: "FULL" | "NORMAL") {
    this.#database = new DatabaseSync(path, { timeout: 0 });
    try {
      this.#prepareFile(path, synchronous);
      this.#upsert = this.#database.prepare(
        "INSERT INTO record (key, sequence, value, checksum) VALUES (?, ?, ?, ?) ON CONFLICT (key) " +
          "DO UPDATE SET sequence = excluded.sequence, value = excluded.value, checksum = excluded.checksum",
      );
      this.#remove = this.#database.prepare("DELETE FROM record WHERE key = ?");
      this.#find = this.#database.prepare("SELECT key, sequence, value, checksum FROM record WHERE key = ?");
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The row for the key, be it a value or a deletion; undefined also where it is damaged. */
  find(key: string): Row | undefined {
    const found = this.#find.get(key);
    return found === undefined ? undefined : readRow(found);
  }

  /** Writes rows and removes others, in one transaction: all or nothing. */
  write(rows: readonly Row[], removedKeys: readonly string[] = []): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const row of rows) {
        this.#upsert.run(row.key, row.sequence, row.value, checksum(row.key, row.sequence, row.value));
      }
      for (const key of removedKeys) this.#remove.run(key);
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Everything that can be read, also from a damaged file: damage is stepped over. */
  content(): TableContent {
    const rows: Row[] = [];
    const illegibleKeys: string[] = [];
    let broken = false;
    let last = 0;
    let step = 1;
    while (step <= damageRowsMax) {
      try {
        const found = this.#database.prepare(
          "SELECT rowid, key, sequence, value, checksum FROM record WHERE rowid > ? ORDER BY rowid",
        );
        for (const fields of found.iterate(last)) {
          last = Number(fields["rowid"]);
          step = 1;
          const row = readRow(fields);
          if (row !== undefined) rows.push(row);
          else illegibleKeys.push(String(fields["key"]));
        }
        break;
      } catch (error) {
        if (!isBroken(error)) throw error;
        broken = true;
        last += step;
        step *= 2;
      }
    }
    return { rows, illegibleKeys, broken: broken || illegibleKeys.length > 0 };
  }

  /** Makes the file one of the newest layout, which older versions refuse. Throws what SQLite throws. */
  upgrade(): void {
    if (this.#version() < layoutVersion) this.#database.exec(`PRAGMA user_version=${layoutVersion}`);
  }

  /** Brings everything written so far to the medium, whatever the table's own mode. */
  checkpoint(): void {
    this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  close(): void {
    this.#database.close();
  }

  #prepareFile(path: string, synchronous: "FULL" | "NORMAL"): void {
    // Alone on the file (the lock of the state directory says so), so no shared-memory index is needed.
    this.#database.exec("PRAGMA locking_mode=EXCLUSIVE");
    this.#database.exec(`PRAGMA page_size=${pageBytes}`);
    this.#database.exec("PRAGMA journal_mode=WAL");
    this.#database.exec(`PRAGMA synchronous=${synchronous}`);
    this.#database.exec(`PRAGMA wal_autocheckpoint=${walPagesMax}`);
    this.#database.exec(`PRAGMA journal_size_limit=${walBytesMax}`);
    const version = this.#version();
    if (version > layoutVersion) {
      const next = "Run that version, or restore a backup of the state directory.";
      throw new StateError("stateNewer", `a newer version of Antibody wrote ${path}`, next);
    }
    if (version > 0) return;
    this.#database.exec(
      "CREATE TABLE IF NOT EXISTS record (rowid INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, " +
        "sequence INTEGER NOT NULL, value BLOB, checksum INTEGER NOT NULL) STRICT; " +
        `PRAGMA user_version=${layoutVersion}`,
    );
  }

  #version(): number {
    return Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  }
}

function readRow(fields: Record<string, unknown>): Row | undefined {
  const { key, sequence, value, checksum: stored } = fields;
  if (typeof key !== "string" || typeof sequence !== "number") return undefined;
  if (value !== null && !(value instanceof Uint8Array)) return undefined;
  return stored === checksum(key, sequence, value) ? { key, sequence, value } : undefined;
}

/** SQLite does not notice a flipped bit in a value, so each row carries a checksum of its own. */
function checksum(key: string, sequence: number, value: Uint8Array | null): SQLInputValue & number {
  const head = crc32(`${key}\n${sequence}\n${value === null ? "deleted" : "kept"}\n`);
  return value === null ? head : crc32(value, head);
}
