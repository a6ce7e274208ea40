import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Where a recording is kept: the segment that grows, and the one before it. */
export interface Segments {
  append(bytes: Uint8Array): void;
  /** Begins a new segment. The one before the last is gone. */
  rotate(): void;
  /** Both segments, the older one first. */
  read(): Uint8Array;
  /** Ends and forgets the recording. */
  close(): void;
}

/** Segments in the memory of the process: they end with it. */
export class MemorySegments implements Segments {
  #older: Uint8Array[] = [];
  #current: Uint8Array[] = [];

  append(bytes: Uint8Array): void {
    this.#current.push(bytes);
  }

  rotate(): void {
    this.#older = this.#current;
    this.#current = [];
  }

  read(): Uint8Array {
    return Buffer.concat([...this.#older, ...this.#current]);
  }

  close(): void {
    this.#older = [];
    this.#current = [];
  }
}

/**
 * Segments in files of a directory in memory: they outlive a killed process, and wear no card. What an earlier
 * process left behind is kept beside them as `killed.recording`, until the next one is killed.
 */
export class FileSegments implements Segments {
  readonly #older: string;
  readonly #current: string;
  #file: number;

  /** Throws what the system refuses. */
  constructor(directory: string) {
    this.#older = join(directory, "older.recording");
    this.#current = join(directory, "current.recording");
    const left = this.#readFiles();
    if (left.length > 0) writeFileSync(join(directory, "killed.recording"), left, { mode: 0o600 });
    rmSync(this.#older, { force: true });
    this.#file = openSync(this.#current, "w+", 0o600);
  }

  append(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.length) offset += writeSync(this.#file, bytes, offset);
  }

  rotate(): void {
    closeSync(this.#file);
    renameSync(this.#current, this.#older);
    this.#file = openSync(this.#current, "w+", 0o600);
  }

  read(): Uint8Array {
    return this.#readFiles();
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#older, { force: true });
    rmSync(this.#current, { force: true });
  }

  #readFiles(): Uint8Array {
    const parts = [this.#older, this.#current].map((path) =>
      existsSync(path) ? readFileSync(path) : Buffer.of(),
    );
    return Buffer.concat(parts);
  }
}
