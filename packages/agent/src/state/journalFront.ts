import { closeSync, constants, fdatasyncSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { syncDirectory } from "./atomicFile.ts";
import type { Row } from "./journalTable.ts";
import { errnoOf } from "./stateError.ts";

/** Bytes of the file, all of them written when it is made. Guess: a dozen generations of small bundles. */
const frontBytes = 32_768;
/** Before each entry: its length and its checksum. */
const entryHeadBytes = 8;
/** Before each row: the lengths of key and value, and its sequence. */
const rowHeadBytes = 14;
/** The length of a value where the row says that its key was deleted. */
const deletedLength = 0xffff_ffff;

/**
 * What is newest in the journal, until its table takes it: one entry for each write, one behind the other in a file that
 * is long enough already. So a write is one call, and its sync brings nothing to the medium but the entry: SQLite writes
 * a dozen pages for the same, and syncs a file whose length changes.
 *
 * What is found here may be older than what the table holds: of two rows of one key the higher sequence wins. Where the
 * file cannot be made or written, nothing is taken, and the table takes everything itself.
 */
export class JournalFront {
  readonly #path: string;
  /** Whether the file had its length when it was read. */
  readonly #isLong: boolean;
  /** Whether nothing was found in it. */
  readonly isBlank: boolean;
  /** Open from `begin` on, as long as it takes entries. */
  #file: number | undefined;
  #usedBytes = 0;

  private constructor(path: string, isLong: boolean, isBlank: boolean) {
    this.#path = path;
    this.#isLong = isLong;
    this.isBlank = isBlank;
  }

  /** Reads the file, where there is one, and what it holds. Throws what the system says where it cannot be read. */
  static open(path: string): { readonly front: JournalFront; readonly rows: readonly Row[] } {
    const bytes = readIfThere(path);
    const rows = decodeEntries(bytes);
    return { front: new JournalFront(path, bytes.length >= frontBytes, rows.length === 0), rows };
  }

  /** Whether more than half of it is used. */
  get isHalfFull(): boolean {
    return this.#usedBytes > frontBytes / 2;
  }

  /**
   * Takes entries from now on. The table must have what the file held: it is not found again afterwards. False where
   * that cannot be brought to the medium.
   */
  begin(): boolean {
    try {
      this.#file = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
      if (!this.#isLong) {
        this.#write(new Uint8Array(frontBytes), 0, fsyncSync);
        syncDirectory(dirname(this.#path));
      } else if (!this.isBlank) this.#erase();
      return true;
    } catch {
      this.#close();
      return false;
    }
  }

  /** Brings rows to the medium, all or none. False where there is no room for them, or nothing is taken. */
  append(rows: readonly Row[]): boolean {
    if (this.#file === undefined) return false;
    const entry = encodeEntry(rows);
    if (this.#usedBytes + entry.length > frontBytes) return false;
    try {
      this.#write(entry, this.#usedBytes, fdatasyncSync);
    } catch {
      // What a failed write has left on the medium is unknown: nothing is added to it.
      this.#close();
      return false;
    }
    this.#usedBytes += entry.length;
    return true;
  }

  /** The table has all that is here: the next entry takes the place of the first. */
  clear(): void {
    this.#usedBytes = 0;
  }

  /** Ends it. The table must have all that is here, for the next start to find nothing to give it. */
  close(hasAll: boolean): void {
    try {
      if (this.#file !== undefined && hasAll) this.#erase();
    } catch {
      // What is found at the next start is what the table has.
    } finally {
      this.#close();
    }
  }

  /** An entry without length is none, and ends what is found. */
  #erase(): void {
    this.#write(new Uint8Array(entryHeadBytes), 0, fdatasyncSync);
  }

  #write(bytes: Uint8Array, at: number, sync: (file: number) => void): void {
    const file = this.#file;
    if (file === undefined) throw new Error("the front of the journal is not open");
    for (let offset = 0; offset < bytes.length; )
      offset += writeSync(file, bytes, offset, bytes.length - offset, at + offset);
    sync(file);
  }

  #close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) closeSync(file);
  }
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function encodeEntry(rows: readonly Row[]): Buffer {
  const keys = rows.map(({ key }) => Buffer.from(key));
  const bytes = rows.reduce(
    (sum, { value }, index) => sum + rowHeadBytes + (keys[index]?.length ?? 0) + (value?.length ?? 0),
    entryHeadBytes,
  );
  const entry = Buffer.allocUnsafe(bytes);
  let offset = entryHeadBytes;
  for (const [index, { sequence, value }] of rows.entries()) {
    const key = keys[index] ?? Buffer.alloc(0);
    entry.writeUInt16LE(key.length, offset);
    entry.writeUInt32LE(value?.length ?? deletedLength, offset + 2);
    entry.writeDoubleLE(sequence, offset + 6);
    offset += rowHeadBytes;
    entry.set(key, offset);
    offset += key.length;
    if (value !== null) entry.set(value, offset);
    offset += value?.length ?? 0;
  }
  entry.writeUInt32LE(bytes, 0);
  entry.writeUInt32LE(crc32(entry.subarray(entryHeadBytes)), 4);
  return entry;
}

/**
 * The rows of all entries up to the first that is not whole, or is older than the one before it: left from before the
 * file was written over.
 */
function decodeEntries(bytes: Buffer): readonly Row[] {
  const rows: Row[] = [];
  for (let offset = 0; offset + entryHeadBytes < bytes.length; ) {
    const length = bytes.readUInt32LE(offset);
    const body = bytes.subarray(offset + entryHeadBytes, offset + length);
    if (length <= entryHeadBytes || body.length !== length - entryHeadBytes) break;
    if (crc32(body) !== bytes.readUInt32LE(offset + 4)) break;
    const entry = decodeRows(body);
    if ((entry[0]?.sequence ?? 0) <= (rows.at(-1)?.sequence ?? 0)) break;
    rows.push(...entry);
    offset += length;
  }
  return rows;
}

function decodeRows(body: Buffer): readonly Row[] {
  const rows: Row[] = [];
  for (let offset = 0; offset < body.length; ) {
    const keyLength = body.readUInt16LE(offset);
    const valueLength = body.readUInt32LE(offset + 2);
    const sequence = body.readDoubleLE(offset + 6);
    const valueAt = offset + rowHeadBytes + keyLength;
    const key = body.toString("utf8", offset + rowHeadBytes, valueAt);
    const isDeleted = valueLength === deletedLength;
    offset = isDeleted ? valueAt : valueAt + valueLength;
    rows.push({ key, sequence, value: isDeleted ? null : new Uint8Array(body.subarray(valueAt, offset)) });
  }
  return rows;
}
