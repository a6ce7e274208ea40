import { writeSync } from "node:fs";

/**
 * Bytes of lines that wait for a slow reader; what comes beyond is dropped and counted. Guess: the lines of
 * 5,000 repairs.
 */
export const waitingBytesMax: number = 4 * 1_048_576;
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
 * Writes lines at once, in order, and never waits for the reader: a pipe that is full holds 64 KiB, the lines of a
 * burst of repairs, and waiting for its reader would hold the repairs. What does not fit waits here, within a
 * bound; so does what goes to a file while its disk is full. When nobody reads any more (a closed pipe), lines go
 * nowhere.
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
    if (this.#timer === undefined) this.flush();
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
    const [next] = this.#waiting;
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
