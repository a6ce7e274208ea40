import { setTimeout as delay } from "node:timers/promises";
import { concatBytes } from "@antibody/policy";
import type { Stream } from "@libp2p/interface";
import { decode } from "it-length-prefixed";
import { pipe } from "it-pipe";
import type { TokenBucket } from "./limiter.ts";
import { frameBytesMax } from "./limits.ts";
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

/** The peer broke framing or bounds, or sent what is no message. An honest peer never does. */
export class ProtocolBreach extends Error {
  override readonly name = "ProtocolBreach";
}

/** Anything that holds bytes: libp2p gives lists of chunks. */
interface Chunk {
  slice(): Uint8Array;
  readonly byteLength: number;
}

/**
 * Reads messages until the stream ends. Rejects with a ProtocolBreach when the peer breaks the framing or a bound,
 * and with what `handle` throws; the stream is then reset.
 */
export async function readMessages(stream: Stream, options: InboxOptions): Promise<void> {
  try {
    await pipe(
      stream,
      (source) => decode(source, { maxDataLength: frameBytesMax, maxLengthLength: 4 }),
      (source) => pace(source, stream, options),
      (source) => assemble(source, options.messageBytesMax),
      async (source) => {
        for await (const message of source) options.handle(message);
      },
    );
    // The other side will write no more; a stream is ours to end as well.
    await stream.close();
  } catch (error) {
    const cause = asBreach(error);
    stream.abort(cause);
    throw cause;
  }
}

/** Lets frames through at the peer's rate. While it waits, the stream's window closes: nothing piles up. */
async function* pace(
  source: AsyncIterable<Chunk>,
  stream: Stream,
  options: InboxOptions,
): AsyncGenerator<Chunk> {
  for await (const frame of source) {
    const waitMs = Math.max(options.messages.owe(1), options.bytes.owe(frame.byteLength));
    if (waitMs > 0 && stream.status === "open" && stream.readStatus === "readable") {
      stream.pause();
      await delay(waitMs, undefined, { ref: false });
      if (isPaused(stream)) stream.resume();
    }
    yield frame;
  }
}

/** Puts frames together to messages. */
async function* assemble(source: AsyncIterable<Chunk>, messageBytesMax: number): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    // A copy, so that what is kept of a message does not keep the socket's buffers.
    const frame = chunk.slice();
    const part = frame.subarray(1);
    const continues = frame[0] === frameContinues;
    // An empty part that continues would go on for ever without reaching the bound.
    if ((!continues && frame[0] !== frameEnds) || (continues && part.length === 0)) {
      throw new ProtocolBreach("a frame of another protocol");
    }
    bytes += part.length;
    if (bytes > messageBytesMax) throw new ProtocolBreach(`a message of more than ${messageBytesMax} bytes`);
    parts.push(part);
    if (continues) continue;
    yield parts.length === 1 ? part : concatBytes(parts);
    parts = [];
    bytes = 0;
  }
}

/** Asked again after waiting: the stream may have been closed in between, and then cannot be resumed. */
function isPaused(stream: Stream): boolean {
  return stream.readStatus === "paused";
}

/** The decoder of length prefixes names its complaints about lengths `Invalid…`; an end in the middle is no fault. */
function asBreach(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.name.startsWith("Invalid") ? new ProtocolBreach(error.message) : error;
}
