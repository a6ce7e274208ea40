import type { Connection, Stream } from "@libp2p/interface";
import { frameBytesMax, outboxBytesMax, outboxMessagesMax, sendTimeoutMs } from "../limits.ts";
import { drained } from "./drained.ts";
import { lengthPrefix } from "./frames.ts";

/** First byte of a frame: more of the same message follows, or it ends here. */
export const frameContinues = 1;
export const frameEnds = 0;

/** What an outbox needs. */
export interface OutboxOptions<Type> {
  /** The newest first. */
  readonly protocols: readonly string[];
  /** Whether who speaks a protocol knows messages of a type; others are unsent. */
  isKnownTo(type: Type, protocol: string): boolean;
  /** The connection to open a stream on, or undefined when none stands. */
  connection(): Connection | undefined;
  /** A message that was not sent: no stream, a full queue, a peer that takes nothing. */
  unsent(type: Type): void;
}

interface Waiting<Type> {
  readonly type: Type;
  readonly frames: readonly Uint8Array[];
  readonly bytes: number;
}

/**
 * Messages to one peer over one long-lived stream, in order. Sending never blocks: what does not fit into the
 * bounded queue, and all that waits when the stream breaks, comes back as unsent.
 */
export class Outbox<Type> {
  readonly #options: OutboxOptions<Type>;
  readonly #queue: Waiting<Type>[] = [];
  #queuedBytes = 0;
  #stream: Stream | undefined;
  /** The connection that the stream runs on. */
  #on: Connection | undefined;
  /** The last pumping; it may be over. */
  #pumping: Promise<void> | undefined;
  #isPumping = false;
  #closed = false;

  constructor(options: OutboxOptions<Type>) {
    this.#options = options;
  }

  /** Queues one message, given as one or more pieces that each are a message on the wire. */
  send(type: Type, pieces: readonly Uint8Array[]): void {
    const [only] = pieces;
    const frames = only !== undefined && pieces.length === 1 ? framesOf(only) : pieces.flatMap(framesOf);
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    const full =
      this.#queue.length >= outboxMessagesMax || this.#queuedBytes + bytes > outboxBytesMax || this.#closed;
    if (full) {
      this.#options.unsent(type);
      return;
    }
    this.#queue.push({ type, frames, bytes });
    this.#queuedBytes += bytes;
    if (!this.#isPumping) this.#pumping = this.#pump();
  }

  /** Sends what waits and ends the stream. Resolves when the peer has read all of it, or is gone. */
  async finish(): Promise<void> {
    await this.#pumping;
    const stream = this.#stream;
    if (stream === undefined || stream.status !== "open") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    // The peer ends its side when it has come to the end of ours.
    stream.addEventListener("close", () => resolve(), { once: true });
    stream.close().catch(() => resolve());
    await promise;
  }

  /** Ends the stream; what still waits is unsent. */
  close(): void {
    this.#closed = true;
    this.#stream?.abort(new Error("The session is over"));
    this.#stream = undefined;
    this.#giveUp();
  }

  /** On a stream that stands, all within the turn. */
  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        const connection = this.#options.connection();
        const stream = this.#standingOn(connection) ?? (await this.#openStream(connection));
        const isKnown = this.#options.isKnownTo(next.type, stream.protocol);
        if (!isKnown) this.#options.unsent(next.type);
        for (const frame of isKnown ? next.frames : []) {
          if (!stream.send(frame)) await drained(stream, AbortSignal.timeout(sendTimeoutMs));
        }
        // Closing empties the queue while a frame waits to be taken.
        if (this.#queue[0] !== next) return;
        this.#queue.shift();
        this.#queuedBytes -= next.bytes;
      }
    } catch (error) {
      this.#stream?.abort(error instanceof Error ? error : new Error(String(error)));
      this.#stream = undefined;
      this.#giveUp();
    } finally {
      this.#isPumping = false;
    }
  }

  #usable(): Stream | undefined {
    const stream = this.#stream;
    return stream?.status === "open" && stream.writeStatus === "writable" ? stream : undefined;
  }

  #standingOn(connection: Connection | undefined): Stream | undefined {
    return this.#on === connection ? this.#usable() : undefined;
  }

  async #openStream(connection: Connection | undefined): Promise<Stream> {
    if (connection === undefined || this.#closed) throw new Error("No session");
    const signal = AbortSignal.timeout(sendTimeoutMs);
    // The session has moved, as from a relay to the direct link: what is on its way still arrives.
    const old = this.#usable();
    void old?.close({ signal }).catch((error: Error) => old.abort(error));
    const stream = await connection.newStream([...this.#options.protocols], {
      signal,
      runOnLimitedConnection: true,
    });
    if (this.#closed) {
      stream.abort(new Error("The session is over"));
      throw new Error("No session");
    }
    this.#stream = stream;
    this.#on = connection;
    return stream;
  }

  #giveUp(): void {
    const waiting = this.#queue.splice(0);
    this.#queuedBytes = 0;
    for (const { type } of waiting) this.#options.unsent(type);
  }
}

/** A message in frames of at most `frameBytesMax`, each with its length before it. */
export function framesOf(message: Uint8Array): readonly Uint8Array[] {
  const partBytesMax = frameBytesMax - 1;
  const frames: Uint8Array[] = [];
  for (let offset = 0; offset === 0 || offset < message.length; offset += partBytesMax) {
    const part = message.subarray(offset, offset + partBytesMax);
    const length = lengthPrefix(part.length + 1);
    const frame = new Uint8Array(length.length + 1 + part.length);
    frame.set(length);
    frame[length.length] = offset + partBytesMax < message.length ? frameContinues : frameEnds;
    frame.set(part, length.length + 1);
    frames.push(frame);
  }
  return frames;
}
