import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { AgentId } from "@antibody/policy";
import { splice } from "./splice.ts";

/** Connections of one route at once; more are refused by closing them. A guess, within the usual limit of descriptors. */
export const routeConnectionsMax = 256;
/** Time to reach one backend before the next is tried. A guess: two round trips of a bad link. */
const routeConnectTimeoutMs = 2_000;
/** Good answers of one backend are told at most this often: the mind needs the change, not the traffic. A guess. */
const answeredEveryMs = 1_000;

/** What a listener needs. */
export interface ListenerOptions {
  /** Where connections may go now, best first. */
  readonly backends: () => readonly AgentId[];
  /** A byte stream to a backend. Rejects when it cannot be had. */
  readonly open: (backend: AgentId, signal: AbortSignal) => Promise<Duplex>;
  readonly routed: (backend: AgentId, result: "answered" | "failed") => void;
  /** The listener closed by itself. */
  readonly closed: () => void;
}

/**
 * The local end of one route: each connection goes to the first backend that takes it. What the client sends
 * waits until then; once a byte of it was passed on, the connection stays with its backend, be it good or bad,
 * since nobody knows what the bytes have caused there.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #answeredMs = new Map<AgentId, number>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    this.#server.maxConnections = routeConnectionsMax;
    this.#server.on("connection", (client) => {
      this.#clients.add(client);
      client.once("close", () => this.#clients.delete(client));
      // An error closes the client, and that ends what is spliced to it.
      client.on("error", () => {});
      void this.#serve(client);
    });
  }

  /** Rejects with the system's code, such as EADDRINUSE. */
  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    this.#server.listen({ host, port, exclusive: true });
    await once(this.#server, "listening");
    // A connection that could not be accepted, for want of descriptors: the listener stands.
    this.#server.on("error", () => {});
    this.#server.once("close", () => this.#options.closed());
  }

  /** As a promise would spell it. */
  address(): string | undefined {
    const address = this.#server.address();
    if (address === null || typeof address === "string") return undefined;
    return `${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
  }

  /** Closes the listener and every connection. */
  async close(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#server.close();
    for (const client of this.#clients) client.destroy();
    await closed;
  }

  async #serve(client: Socket): Promise<void> {
    const tried = new Set<AgentId>();
    while (!client.destroyed) {
      const backend = this.#options.backends().find((each) => !tried.has(each));
      if (backend === undefined) break;
      tried.add(backend);
      if ((await this.#try(client, backend)) === "served") return;
    }
    client.resetAndDestroy();
  }

  /** `untouched`: the backend took no byte, and the next may be tried. */
  async #try(client: Socket, backend: AgentId): Promise<"served" | "untouched"> {
    const stream = await this.#reach(client, backend);
    if (stream === undefined) return "untouched";
    const end = await splice(client, stream, () => this.#answered(backend));
    switch (end) {
      case "answered":
      case "silent":
        return "served";
      case "unanswered":
        this.#failed(backend);
        return "served";
      case "untouched":
        this.#failed(backend);
        return "untouched";
      default:
        end satisfies never;
        throw new Error("unreachable");
    }
  }

  /** Undefined when the backend cannot be reached, or nobody waits any more. */
  async #reach(client: Socket, backend: AgentId): Promise<Duplex | undefined> {
    // Not AbortSignal.timeout: the signal must stay silent once the stream is open.
    const gaveUp = new AbortController();
    const giveUp = (): void => gaveUp.abort();
    const timer = setTimeout(() => gaveUp.abort(), routeConnectTimeoutMs);
    client.once("close", giveUp);
    try {
      const stream = await withinSignal(this.#options.open(backend, gaveUp.signal), gaveUp.signal);
      if (!client.destroyed) return stream;
      stream.destroy();
      return undefined;
    } catch {
      // A client that went away says nothing of the backend. Closing the route destroys its clients.
      if (!client.destroyed) this.#failed(backend);
      return undefined;
    } finally {
      clearTimeout(timer);
      client.off("close", giveUp);
    }
  }

  #answered(backend: AgentId): void {
    const nowMs = performance.now();
    if (nowMs - (this.#answeredMs.get(backend) ?? Number.NEGATIVE_INFINITY) < answeredEveryMs) return;
    this.#answeredMs.set(backend, nowMs);
    this.#options.routed(backend, "answered");
  }

  #failed(backend: AgentId): void {
    this.#answeredMs.delete(backend);
    this.#options.routed(backend, "failed");
  }
}

/** Waits no longer than the signal, also for one who does not heed it; a stream that comes too late is closed. */
async function withinSignal(opening: Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([opening, promise]);
  } catch (error) {
    opening.then(
      (late) => late.destroy(),
      () => {},
    );
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
