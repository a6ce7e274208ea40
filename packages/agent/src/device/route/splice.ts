import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * How long a client may go on sending after its backend has closed. A guess: closing at once would cost it the
 * end of an answer that came early.
 */
const lingerMs = 5_000;

/** How the connection of a client with a backend ended. */
export type SpliceEnd =
  /** The backend said something. */
  | "answered"
  /** Nothing was said, and nothing is the backend's fault: the client went away, or had said all before. */
  | "silent"
  /** The backend closed without a word, after bytes of the client had been passed on. */
  | "unanswered"
  /** The backend closed before anything was passed on; the client is as it was before. */
  | "untouched";

/**
 * Joins a client, paused until now, with a backend, in both directions and with half-open ends, until one has
 * closed. `answered` is called at the backend's first byte. An untouched client is left paused for the next try.
 */
export function splice(client: Socket, backend: Duplex, answered: () => void): Promise<SpliceEnd> {
  return new Splice(client, backend, answered).ended.promise;
}

class Splice {
  readonly ended: PromiseWithResolvers<SpliceEnd> = Promise.withResolvers();
  readonly #client: Socket;
  readonly #backend: Duplex;
  readonly #answered: () => void;
  readonly #off: (() => void)[] = [];
  /** A byte of the client, or its end, went to the backend. */
  #passed = false;
  #spoken = false;

  constructor(client: Socket, backend: Duplex, answered: () => void) {
    this.#client = client;
    this.#backend = backend;
    this.#answered = answered;
    this.#listenData(client, (bytes) => this.#fromClient(bytes));
    this.#listen(client, "end", () => this.#clientEnded());
    this.#listen(client, "drain", () => backend.resume());
    this.#listen(client, "close", () => this.#clientClosed());
    this.#listenData(backend, (bytes) => this.#fromBackend(bytes));
    this.#listen(backend, "end", () => this.#backendEnded());
    this.#listen(backend, "drain", () => client.resume());
    this.#listen(backend, "close", () => this.#backendClosed());
    // An error closes the stream, and the closing is what counts.
    backend.on("error", () => {});
    if (backend.destroyed) this.#backendClosed();
    else if (client.destroyed) this.#clientClosed();
    else client.resume();
  }

  #fromClient(bytes: Buffer): void {
    this.#passed = true;
    if (!this.#backend.write(bytes)) this.#client.pause();
  }

  #clientEnded(): void {
    this.#passed = true;
    this.#backend.end();
  }

  #clientClosed(): void {
    this.#backend.destroy();
    this.#finish(this.#spoken ? "answered" : "silent");
  }

  #fromBackend(bytes: Buffer): void {
    if (!this.#spoken) {
      this.#spoken = true;
      this.#answered();
    }
    if (!this.#client.write(bytes)) this.#backend.pause();
  }

  #backendEnded(): void {
    if (this.#spoken) this.#client.end();
    else this.#backend.destroy();
  }

  #backendClosed(): void {
    const client = this.#client;
    if (!this.#spoken && !this.#passed) {
      client.pause();
      this.#finish("untouched");
    } else if (this.#backend.readableEnded && (this.#spoken || client.readableEnded)) {
      this.#finish(this.#spoken ? "answered" : "silent");
      letGo(client);
    } else {
      this.#finish(this.#spoken ? "answered" : "unanswered");
      // Not a plain end: the client must not take half an answer for a whole one.
      client.resetAndDestroy();
    }
  }

  #finish(end: SpliceEnd): void {
    for (const off of this.#off) off();
    this.ended.resolve(end);
  }

  #listen(stream: Duplex, event: "end" | "drain" | "close", heard: () => void): void {
    stream.on(event, heard);
    this.#off.push(() => stream.off(event, heard));
  }

  #listenData(stream: Duplex, heard: (bytes: Buffer) => void): void {
    stream.on("data", heard);
    this.#off.push(() => stream.off("data", heard));
  }
}

/** Sends what is left, takes in what the client still says, and closes. */
function letGo(client: Socket): void {
  client.end();
  client.resume();
  const timer = setTimeout(() => client.destroy(), lingerMs).unref();
  client.once("close", () => clearTimeout(timer));
}
