import { type Logger, pino } from "pino";
import type { LogLine } from "../ports.ts";

/** Lines as pino writes them, handed back instead of written: how long one is decides what becomes of it. */
export class LineFormat {
  readonly #logger: Logger;
  #text = "";

  constructor() {
    this.#logger = pino(
      { base: null, timestamp: false, formatters: { level: (level) => ({ level }) }, level: "info" },
      {
        write: (text) => {
          this.#text = text;
        },
      },
    );
  }

  /** One line of JSON, with its end. */
  format({ level, ...fields }: LogLine): string {
    this.#logger[level](fields);
    return this.#text;
  }
}
