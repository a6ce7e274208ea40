import { Agent, type ClientRequest, type RequestOptions } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { AgentId } from "@antibody/policy";
import type { Backends } from "./backends.ts";
import { routeConnectionsMax } from "./listener.ts";

/** Idle streams that one backend keeps, and for how long. Guesses: a burst's worth, and less than servers keep them. */
const idleStreamsMax = 8;
const idleMsMax = 4_000;

/** The backend took no byte: nothing was done there, and the next may be tried. */
export class UntouchedError extends Error {
  override readonly name = "UntouchedError";
}

/** Makes the connections of HTTP requests to one backend. */
export type Connect = NonNullable<RequestOptions["createConnection"]>;

/** Reaches a backend anew for each request, until the signal. Fails with an UntouchedError. */
export function connectTo(backend: AgentId, backends: Backends, over: AbortSignal): Connect {
  return (_options, done) => {
    backends.reach(backend, over).then(
      (stream) => done(null, stream),
      (cause: unknown) => {
        // Where there is an error nothing else is looked at.
        const failed = done as (error: Error) => void;
        failed(new UntouchedError("the backend cannot be reached", { cause }));
      },
    );
    return undefined;
  };
}

/** Byte streams to one backend, each kept a while for the next request. To be destroyed. */
export function backendPool(backend: AgentId, backends: Backends): Agent {
  const over = new AbortController();
  const idle = new Map<Duplex, () => void>();
  const wake = (stream: Duplex): void => {
    idle.get(stream)?.();
    idle.delete(stream);
  };
  const pool = new Agent({
    keepAlive: true,
    maxSockets: routeConnectionsMax,
    maxFreeSockets: idleStreamsMax,
  });
  const reuseSocket = pool.reuseSocket.bind(pool);
  const destroyStreams = pool.destroy.bind(pool);
  return Object.assign(pool, {
    createConnection: connectTo(backend, backends, over.signal),
    keepSocketAlive: (stream: Duplex): boolean => {
      idle.set(stream, rest(stream));
      stream.once("close", () => wake(stream));
      return true;
    },
    reuseSocket: (stream: Duplex, request: ClientRequest): void => {
      wake(stream);
      // Node's own looks after sockets alone.
      if (stream instanceof Socket) reuseSocket(stream, request);
      else request.reusedSocket = true;
    },
    destroy: (): void => {
      over.abort();
      for (const stream of idle.keys()) wake(stream);
      destroyStreams();
    },
  });
}

/** Lets a stream idle until it is woken; one that idles for too long, or says something unasked, ends. */
function rest(stream: Duplex): () => void {
  const end = (): void => void stream.destroy();
  const timer = setTimeout(end, idleMsMax);
  // Node does the same for sockets: what comes unasked would be taken for the next answer.
  const isGuarded = !(stream instanceof Socket);
  if (isGuarded) stream.on("data", end);
  return () => {
    clearTimeout(timer);
    if (isGuarded) stream.off("data", end);
  };
}
