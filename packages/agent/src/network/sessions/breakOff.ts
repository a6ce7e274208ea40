import type { Connection } from "@libp2p/interface";

/**
 * Ends a connection at once, without a word to a peer that may not hear it. Never throws: libp2p does where the
 * transport has closed before it noticed, since Yamux says goodbye over it (seen with @libp2p/yamux 8.0.3, and fatal
 * in a timer); the connection is over by then all the same.
 */
export function breakOff(connection: Pick<Connection, "abort">, why: Error): void {
  try {
    connection.abort(why);
  } catch {
    // Its muxer is aborted, and its transport was closed already.
  }
}
