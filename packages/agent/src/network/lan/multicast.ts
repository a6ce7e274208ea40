import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** Where mDNS is spoken (RFC 6762, 3). */
const group = "224.0.0.251";
const port = 5353;
/** RFC 6762, 11: what comes from a router has less. */
const hopsMax = 255;

/** What a multicast socket tells. */
export interface MulticastListener {
  /** A datagram, and the address that it came from. */
  received(bytes: Buffer, from: string): void;
  /** The socket is of no use any more. */
  failed(error: Error): void;
}

/** A socket on the group of mDNS, on as many interfaces as are named. */
export class Multicast {
  readonly #socket: Socket;
  /** Sending chooses an interface by the state of the socket: one at a time. */
  #sending: Promise<void> = Promise.resolve();

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Opens it. Rejects where the system lets nobody listen there, or another program does not share the port. */
  static async open(listener: MulticastListener): Promise<Multicast> {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    try {
      const listening = once(socket, "listening");
      socket.bind(port);
      await listening;
      socket.setMulticastTTL(hopsMax);
      // Agents on one host find each other as well.
      socket.setMulticastLoopback(true);
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on("error", (error) => listener.failed(error));
    socket.on("message", (bytes, { address }) => listener.received(bytes, address));
    return new Multicast(socket);
  }

  /**
   * Listens on the interfaces that have these addresses; one that came back under its address is listened on anew.
   * Why that could be done on none of them; undefined where it was.
   */
  join(interfaces: Iterable<string>): string | undefined {
    const refusals: string[] = [];
    let joined = 0;
    for (const address of interfaces) {
      try {
        this.#socket.addMembership(group, address);
        joined += 1;
      } catch (error) {
        const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
        // Listened on already.
        if (code === "EADDRINUSE") joined += 1;
        else refusals.push(`${code} at ${address}`);
      }
    }
    return joined > 0 ? undefined : refusals[0];
  }

  /** Sends a datagram by the interface that has an address. Rejects where that cannot be done. */
  send(bytes: Uint8Array, from: string): Promise<void> {
    const sent = this.#sending.then(() => this.#send(bytes, from));
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  close(): void {
    this.#socket.removeAllListeners("message");
    this.#socket.close();
  }

  #send(bytes: Uint8Array, from: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.setMulticastInterface(from);
      this.#socket.send(bytes, port, group, (error) => (error === null ? resolve() : reject(error)));
    });
  }
}
