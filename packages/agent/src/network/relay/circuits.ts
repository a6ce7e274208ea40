import type { Connection, Stream, StreamHandler } from "@libp2p/interface";
import { HostShares } from "../sessions/newcomers.ts";

/** Counts circuits from their request to their end: of all who ask for one, and of each. */
export class Circuits {
  readonly #max: number;
  readonly #shares: HostShares<Stream>;
  #count = 0;

  constructor(max: number, perAskerMax: number) {
    this.#max = max;
    this.#shares = new HostShares(perAskerMax);
  }

  /** Hands a request to its handler, or resets it where there are too many. Never rejects. */
  async serve(asker: string, handler: StreamHandler, stream: Stream, connection: Connection): Promise<void> {
    if (this.#count >= this.#max || !this.#shares.take(asker, stream)) {
      stream.abort(new Error("Too many circuits"));
      return;
    }
    this.#count += 1;
    const ended = (): void => {
      this.#count -= 1;
      this.#shares.release(asker, stream);
    };
    stream.addEventListener("close", ended, { once: true });
    try {
      await handler(stream, connection);
    } catch (error) {
      // The library answers failures over a stream that may be the one that failed.
      stream.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
