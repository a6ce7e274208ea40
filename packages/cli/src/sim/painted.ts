import type { Terminal } from "../terminal.ts";

/** At most so often a line is painted anew. A guess: what an eye can follow. */
const paintEveryMs = 100;

/** One line on standard error that is painted over; only where somebody looks. */
export class Painted {
  readonly #terminal: Terminal;
  #isThere = false;
  #paintedMs = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  paint(text: string): void {
    const nowMs = performance.now();
    if (!this.#terminal.live || (this.#isThere && nowMs - this.#paintedMs < paintEveryMs)) return;
    this.#terminal.err(`\r\u001b[K${text}`);
    this.#isThere = true;
    this.#paintedMs = nowMs;
  }

  /** Before anything else is printed. */
  clear(): void {
    if (this.#isThere) this.#terminal.err("\r\u001b[K");
    this.#isThere = false;
  }
}
