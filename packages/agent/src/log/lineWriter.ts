import { writeSync } from "node:fs";

/**
 * Bytes of lines that wait for a slow reader; what comes beyond is dropped and counted. Guess: the lines of
 * 5,000 repairs.
 */
export const waitingBytesMax: number = 4 * 1_048_576;
/** Bytes of lines that are written by one call, where it is more than one line: what a pipe holds (pipe(7)). */
const togetherBytesMax = 65_536;
/** Between two tries at a reader that takes nothing. Guess: short beside what a person notices. */
const tryAgainMs = 5;
/** Between two tries at a file that takes nothing. Guess: a disk is freed by hand, or by a cron job. */
const fullAgainMs = 1_000;
/** What a file says whose disk is full, or ill: it may take lines again. */
const passingErrors: readonly unknown[] = ["ENOSPC", "EDQUOT", "EIO", "EFBIG"];
/** How long an ending process waits for a slow reader, in all. Guess: below what any supervisor grants. */
const lastWordsMs = 1_000;

/** What a writer stands on. */
export interface LineWriterOptions {
  /** Writes what can be written now, and returns how many bytes that was. Throws EAGAIN where none can. */
  write(bytes: Uint8Array): number;
  /** The line that tells how many were dropped, when the reader takes lines again. */
  dropped(count: number): string;
}

/**
 * Writes lines in the turn in which they come, those of one turn together, in order, and never waits for the reader: a
 * pipe that is full holds 64 KiB, the lines of a burst of repairs, and waiting for its reader would hold the repairs.
 * What does not fit waits here, within a bound; so does what goes to a file while its disk is full. When nobody reads
 * any more (a closed pipe), lines go nowhere.
 */
export class LineWriter {
  readonly #options: LineWriterOptions;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #droppedCount = 0;
  #closed = false;
  /** Whether the last try met a full disk. */
  #full = false;
  #timer: NodeJS.Timeout | undefined;
  /** Whether this turn's lines are written at its end. */
  #scheduled = false;

  constructor(options: LineWriterOptions) {
    this.#options = options;
  }

  /** Bytes that wait for the reader. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  write(line: string): void {
    if (this.#closed) return;
    const bytes = Buffer.from(line);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > waitingBytesMax) {
      this.#droppedCount += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#timer !== undefined || this.#scheduled) return;
    this.#scheduled = true;
    // One call for the lines of a step, behind what it sets off: each wakes the reader, which wants the processor too.
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Writes what the reader takes now, and tries again later with the rest. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writeSome()) {
      // As long as the reader takes something.
    }
    if (this.#waitingBytes === 0 || this.#closed) return;
    this.#timer = setTimeout(() => this.flush(), this.#full ? fullAgainMs : tryAgainMs);
    this.#timer.unref();
  }

  /** Writes what waits before the process ends; waits for the reader a while. Blocks. */
  end(): void {
    const endMs = performance.now() + lastWordsMs;
    for (this.flush(); this.#waitingBytes > 0 && !this.#closed && !this.#full; this.flush()) {
      if (performance.now() >= endMs) break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, tryAgainMs);
    }
    clearTimeout(this.#timer);
  }

  /** True when there may be more to write, and a reader for it. */
  #writeSome(): boolean {
    const next = this.#takeTogether();
    if (next === undefined) return this.#tellDropped();
    try {
      const written = this.#options.write(next);
      this.#full = false;
      this.#waitingBytes -= written;
      if (written === next.length) this.#waiting.shift();
      else this.#waiting[0] = next.subarray(written);
      return true;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      this.#full = passingErrors.includes(code);
      if (!this.#full && code !== "EAGAIN") this.#close();
      return false;
    }
  }

  /** What is written by the next call; it stays the first that waits. */
  #takeTogether(): Uint8Array | undefined {
    let [count, bytes] = [0, 0];
    for (const { length } of this.#waiting) {
      if (bytes + length > togetherBytesMax) break;
      count += 1;
      bytes += length;
    }
    if (count > 1) this.#waiting.unshift(Buffer.concat(this.#waiting.splice(0, count)));
    return this.#waiting[0];
  }

  #tellDropped(): boolean {
    if (this.#droppedCount === 0) return false;
    const bytes = Buffer.from(this.#options.dropped(this.#droppedCount));
    this.#droppedCount = 0;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    return true;
  }

  #close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

/** A writer to a file descriptor of this process, which is written out when the process ends. */
export function descriptorWriter(descriptor: number, dropped: (count: number) => string): LineWriter {
  const writer = new LineWriter({ write: (bytes) => writeSync(descriptor, bytes), dropped });
  process.once("exit", () => writer.end());
  return writer;
}
