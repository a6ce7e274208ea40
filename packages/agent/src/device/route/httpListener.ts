import {
  type Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import type { AgentId } from "@antibody/policy";
import { backendPool, connectTo, UntouchedError } from "./backendPool.ts";
import type { Backends } from "./backends.ts";
import { forwardedHeaders, isRefusal, isSafe, requestHead } from "./httpRules.ts";
import { type Listener, routeConnectionsMax } from "./listener.ts";
import { splice } from "./splice.ts";

/**
 * How an attempt at one backend ended: the client has its answer; the next backend may be tried; or the request may have
 * been done, and must not be done twice.
 */
type AttemptEnd = "served" | "next" | "lost";

/** One request of a client, and its answer. */
interface Call {
  readonly client: IncomingMessage;
  readonly answer: ServerResponse;
  /** It may be made twice. */
  readonly isSafe: boolean;
}

/**
 * A route of HTTP/1.1: each request goes to the backend with the least under way. What did not reach a backend goes to
 * the next one; a safe request also when the backend ended over it, answered that it cannot, or is no backend any more.
 */
export class HttpListener implements Listener {
  readonly server: Server;
  readonly #backends: Backends;
  readonly #pools = new Map<AgentId, Agent>();
  /** Safe requests without an answer so far. */
  readonly #waiting = new Map<ClientRequest, AgentId>();
  readonly #upgraded = new Set<Duplex>();
  readonly #over = new AbortController();

  constructor(backends: Backends) {
    this.#backends = backends;
    // A client is a program on this device, and may take its time over a body.
    this.server = createServer({ noDelay: true, requestTimeout: 0 }, (client, answer) => {
      void this.#serve({ client, answer, isSafe: isSafe(client) });
    });
    this.server.maxConnections = routeConnectionsMax;
    this.server.on("upgrade", (client: IncomingMessage, socket: Socket, head: Buffer) => {
      void this.#upgrade(client, socket, head);
    });
  }

  /** A request that waits for a backend that is none any more goes to another, if it may. */
  backendsChanged(): void {
    for (const [out, backend] of [...this.#waiting]) {
      if (!this.#backends.has(backend)) out.destroy(new Error("no backend any more"));
    }
    for (const [backend, pool] of this.#pools) {
      if (this.#backends.has(backend)) continue;
      this.#pools.delete(backend);
      // What is under way there goes on to its end, and is not kept then.
      for (const streams of Object.values(pool.freeSockets)) for (const one of streams ?? []) one.destroy();
      pool.keepSocketAlive = () => false;
    }
  }

  destroyConnections(): void {
    this.#over.abort();
    for (const pool of this.#pools.values()) pool.destroy();
    for (const socket of this.#upgraded) socket.destroy();
    this.server.closeAllConnections();
  }

  async #serve(call: Call): Promise<void> {
    const tried = new Set<AgentId>();
    for (;;) {
      const backend = this.#backends.next(tried);
      if (backend === undefined) return refuse(call, 503, "no backend of this route answers");
      tried.add(backend);
      const isLast = this.#backends.next(tried) === undefined;
      const end = await this.#attempt(call, backend, isLast);
      if (end === "served" || call.answer.destroyed) return;
      if (end === "lost") return refuse(call, 502, "the backend ended before it answered");
    }
  }

  /** One attempt at one backend. `isLast`: there is no other, so that what it says is the answer. */
  #attempt(call: Call, backend: AgentId, isLast: boolean): Promise<AttemptEnd> {
    const { promise, resolve } = Promise.withResolvers<AttemptEnd>();
    const { client, answer } = call;
    const release = this.#backends.use(backend);
    const out = this.#request(call, backend);
    if (call.isSafe) this.#waiting.set(out, backend);
    const gone = (): void => void out.destroy();
    answer.once("close", gone);
    const end = (how: AttemptEnd): void => {
      this.#waiting.delete(out);
      answer.off("close", gone);
      release();
      resolve(how);
    };
    // The body is not touched before there is somebody to give it to.
    out.once("socket", () => (call.isSafe ? out.end() : client.pipe(out)));
    out.once("response", (response) => {
      this.#waiting.delete(out);
      const status = response.statusCode ?? 502;
      if (isRefusal(status)) this.#backends.failed(backend);
      else this.#backends.answered(backend);
      if (isRefusal(status) && call.isSafe && !isLast) {
        response.resume();
        return end("next");
      }
      // Before the client has the end of it, and asks for more.
      response.once("end", release);
      answer.writeHead(status, response.statusMessage, forwardedHeaders(response.rawHeaders));
      pipeline(response, answer, (error) => {
        if (error && !client.destroyed) this.#backends.failed(backend);
        end("served");
      });
    });
    out.on("error", (error) => {
      // A client that went away says nothing of the backend.
      if (answer.destroyed || answer.headersSent) return end("served");
      this.#backends.failed(backend);
      end(error instanceof UntouchedError || call.isSafe ? "next" : "lost");
    });
    return promise;
  }

  /** What must not be done twice goes over a stream of its own: a kept one may just have been closed. */
  #request({ client, isSafe: mayRepeat }: Call, backend: AgentId): ClientRequest {
    const { method, url, rawHeaders } = client;
    const way = mayRepeat
      ? { agent: this.#poolOf(backend) }
      : { createConnection: connectTo(backend, this.#backends, this.#over.signal) };
    const headers = forwardedHeaders(rawHeaders);
    return request({ ...way, method, path: url, headers, setHost: false });
  }

  #poolOf(backend: AgentId): Agent {
    const known = this.#pools.get(backend);
    if (known !== undefined) return known;
    const pool = backendPool(backend, this.#backends);
    this.#pools.set(backend, pool);
    return pool;
  }

  /** An upgraded connection, such as a WebSocket, is one of bytes, to one backend. */
  async #upgrade(client: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    this.#upgraded.add(socket);
    socket.once("close", () => this.#upgraded.delete(socket));
    socket.on("error", () => {});
    const tried = new Set<AgentId>();
    for (;;) {
      const backend = this.#backends.next(tried);
      if (backend === undefined) break;
      tried.add(backend);
      const release = this.#backends.use(backend);
      const isServed = await this.#upgradeAt(backend, client, socket, head).finally(release);
      if (isServed || socket.destroyed) return;
    }
    socket.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  }

  async #upgradeAt(
    backend: AgentId,
    client: IncomingMessage,
    socket: Socket,
    head: Buffer,
  ): Promise<boolean> {
    const stream = await this.#backends.reach(backend, this.#over.signal).catch(() => undefined);
    if (stream === undefined) {
      this.#backends.failed(backend);
      return false;
    }
    stream.write(requestHead(client));
    if (head.length > 0) stream.write(head);
    const end = await splice(socket, stream, () => this.#backends.answered(backend));
    if (end === "unanswered" || end === "untouched") this.#backends.failed(backend);
    if (end === "untouched") socket.destroy();
    return true;
  }
}

/** An answer of the route's own. What the client still says is taken in and dropped. */
function refuse({ client, answer }: Call, status: number, why: string): void {
  client.resume();
  if (answer.headersSent) answer.destroy();
  else answer.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${why}\n`);
}
