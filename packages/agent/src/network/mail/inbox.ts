import { concatBytes } from "@antibody/policy";
import type { Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import type { TokenBucket } from "../limiter.ts";
import { Frames, ProtocolBreach } from "./frames.ts";
import { frameContinues, frameEnds } from "./outbox.ts";

/** How one stream of messages is read. */
export interface InboxOptions {
  /** Bytes of one message, over all its frames. */
  readonly messageBytesMax: number;
  /** Buckets of the peer, shared by all its streams of this protocol: a peer that sends more is slowed down. */
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
  /** Takes one message. Throws to end the stream. */
  handle(message: Uint8Array): void;
}

/**
 * Reads messages until the stream ends. Rejects with a ProtocolBreach when the peer breaks the framing or a bound,
 * and with what `handle` throws; the stream is then reset.
 */
export async function readMessages(stream: Stream, options: InboxOptions): Promise<void> {
  const reader = new Reader(stream, options);
  try {
    await reader.ended;
    // The other side will write no more; a stream is ours to end as well.
    await stream.close();
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    stream.abort(cause);
    throw cause;
  }
}

/** Hands messages on in the turn in which they come, once the muxer is done with what it read. */
class Reader {
  readonly #stream: Stream;
  readonly #options: InboxOptions;
  readonly #frames = new Frames();
  readonly #ended = Promise.withResolvers<void>();
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  /** While the peer's debt is paid. The frame that made it waits, and all behind it. */
  #debt: NodeJS.Timeout | undefined;
  #isLast = false;
  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    // A copy, so that what is kept of a message does not keep the socket's buffers.
    this.#frames.push(new Uint8Array(data.subarray()));
    queueMicrotask(() => this.#read());
  };
  readonly #onEnd = (): void => {
    this.#isLast = true;
    queueMicrotask(() => this.#read());
  };
  readonly #onClose = ({ error }: StreamCloseEvent): void => {
    if (error === undefined) this.#onEnd();
    else this.#end(error);
  };

  constructor(stream: Stream, options: InboxOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.addEventListener("message", this.#onMessage);
    stream.addEventListener("end", this.#onEnd);
    stream.addEventListener("close", this.#onClose);
    if (stream.readableEnded) this.#onEnd();
  }

  /** Resolves when all has been read, and rejects with what ended the reading before. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  #read(): void {
    if (this.#debt !== undefined) return;
    try {
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        const waitMs = this.#owed(frame);
        if (waitMs > 0) {
          this.#wait(frame, waitMs);
          return;
        }
        this.#take(frame);
      }
      if (!this.#isLast) return;
      this.#end(this.#frames.isEmpty ? undefined : new Error("The stream ends within a frame"));
    } catch (error) {
      this.#end(error);
    }
  }

  /** Frames come at the peer's rate. */
  #owed(frame: Uint8Array): number {
    const { messages, bytes } = this.#options;
    return Math.max(messages.owe(1), bytes.owe(frame.length));
  }

  /** Meanwhile the stream's window closes: nothing piles up. */
  #wait(frame: Uint8Array, waitMs: number): void {
    const stream = this.#stream;
    if (stream.status === "open" && stream.readStatus === "readable") stream.pause();
    const pay = (): void => {
      this.#debt = undefined;
      try {
        this.#take(frame);
      } catch (error) {
        this.#end(error);
        return;
      }
      this.#read();
      // Of what it has read already, the next frame may owe again.
      if (this.#debt === undefined && stream.readStatus === "paused") stream.resume();
    };
    this.#debt = setTimeout(pay, waitMs).unref();
  }

  /** Puts frames together to messages. */
  #take(frame: Uint8Array): void {
    const { messageBytesMax, handle } = this.#options;
    const part = frame.subarray(1);
    const continues = frame[0] === frameContinues;
    // An empty part that continues would go on for ever without reaching the bound.
    if ((!continues && frame[0] !== frameEnds) || (continues && part.length === 0))
      throw new ProtocolBreach("a frame of another protocol");
    this.#partBytes += part.length;
    if (this.#partBytes > messageBytesMax)
      throw new ProtocolBreach(`a message of more than ${messageBytesMax} bytes`);
    this.#parts.push(part);
    if (continues) return;
    const message = this.#parts.length === 1 ? part : concatBytes(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    handle(message);
  }

  #end(error: unknown): void {
    clearTimeout(this.#debt);
    this.#stream.removeEventListener("message", this.#onMessage);
    this.#stream.removeEventListener("end", this.#onEnd);
    this.#stream.removeEventListener("close", this.#onClose);
    if (error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
  }
}
