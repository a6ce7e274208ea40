import { Duplex } from "node:stream";
import type { Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import { drained } from "../mail/drained.ts";

/** A chunk as libp2p hands it out: one array, or a list of them. */
type Chunk = StreamMessageEvent["data"];

/**
 * A libp2p stream as a Node stream: both ends close on their own, and a slow reader or writer slows the other side
 * down, through the stream's window.
 */
export function streamDuplex(stream: Stream): Duplex {
  const duplex = new Duplex({
    allowHalfOpen: true,
    read: () => resume(stream),
    write: (chunk: Uint8Array, _encoding, written) => {
      try {
        if (stream.send(chunk)) written();
        else drained(stream).then(() => written(), written);
      } catch (error) {
        written(error instanceof Error ? error : new Error(String(error)));
      }
    },
    final: (finished) => {
      stream.close().then(() => finished(), finished);
    },
    destroy: (error, destroyed) => {
      if (stream.status === "open" || stream.status === "closing") {
        stream.abort(error ?? new Error("The route is closed"));
      }
      destroyed(error);
    },
  });
  const end = () => {
    if (!duplex.readableEnded && !duplex.destroyed) duplex.push(null);
  };
  stream.addEventListener("end", end, { once: true });
  stream.addEventListener("close", (event: StreamCloseEvent) => {
    if (event.error !== undefined) duplex.destroy(event.error);
    // What was not read yet comes first: 'end' follows it.
    else if (stream.readBufferLength === 0) end();
  });
  // The listener for data comes last: what waits is delivered at once.
  stream.addEventListener("message", ({ data }: StreamMessageEvent) => {
    if (!duplex.push(bytesOf(data)) && stream.readStatus === "readable") stream.pause();
  });
  return duplex;
}

function resume(stream: Stream): void {
  if (stream.readStatus !== "paused") return;
  try {
    stream.resume();
  } catch {
    // What waited was delivered; only the word to the other side failed, which is gone.
  }
}

function bytesOf(chunk: Chunk): Uint8Array {
  return chunk instanceof Uint8Array ? chunk : chunk.subarray();
}
