import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { AgentId } from "@antibody/policy";
import type { Backends } from "./backends.ts";
import { type Listener, routeConnectionsMax } from "./listener.ts";
import { splice } from "./splice.ts";

/**
 * A route of bytes: each connection goes to the first backend that takes it. What the client sends waits until then;
 * once a byte of it was passed on, the connection stays with its backend, be it good or bad, since nobody knows what
 * the bytes have caused there.
 */
export class TcpListener implements Listener {
  readonly server: Server;
  readonly #backends: Backends;
  readonly #clients = new Set<Socket>();

  constructor(backends: Backends) {
    this.#backends = backends;
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    this.server.maxConnections = routeConnectionsMax;
    this.server.on("connection", (client) => {
      this.#clients.add(client);
      client.once("close", () => this.#clients.delete(client));
      // An error closes the client, and that ends what is spliced to it.
      client.on("error", () => {});
      void this.#serve(client);
    });
  }

  backendsChanged(): void {
    // Standing connections survive a change.
  }

  destroyConnections(): void {
    for (const client of this.#clients) client.destroy();
  }

  async #serve(client: Socket): Promise<void> {
    const tried = new Set<AgentId>();
    while (!client.destroyed) {
      const backend = this.#backends.next(tried);
      if (backend === undefined) break;
      tried.add(backend);
      const release = this.#backends.use(backend);
      const end = await this.#try(client, backend).finally(release);
      if (end === "served") return;
    }
    client.resetAndDestroy();
  }

  /** `untouched`: the backend took no byte, and the next may be tried. */
  async #try(client: Socket, backend: AgentId): Promise<"served" | "untouched"> {
    const stream = await this.#reach(client, backend);
    if (stream === undefined) return "untouched";
    const end = await splice(client, stream, () => this.#backends.answered(backend));
    switch (end) {
      case "answered":
      case "silent":
        return "served";
      case "unanswered":
        this.#backends.failed(backend);
        return "served";
      case "untouched":
        this.#backends.failed(backend);
        return "untouched";
      default:
        end satisfies never;
        throw new Error("unreachable");
    }
  }

  /** Undefined when the backend cannot be reached, or nobody waits any more. */
  async #reach(client: Socket, backend: AgentId): Promise<Duplex | undefined> {
    const gaveUp = new AbortController();
    const giveUp = (): void => gaveUp.abort();
    client.once("close", giveUp);
    try {
      const stream = await this.#backends.reach(backend, gaveUp.signal);
      if (!client.destroyed) return stream;
      stream.destroy();
      return undefined;
    } catch {
      // A client that went away says nothing of the backend. Closing the route destroys its clients.
      if (!client.destroyed) this.#backends.failed(backend);
      return undefined;
    } finally {
      client.off("close", giveUp);
    }
  }
}
