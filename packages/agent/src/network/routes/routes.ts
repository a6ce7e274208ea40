import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type AgentId, concatBytes } from "@antibody/policy";
import type { Connection, Stream, StreamHandler } from "@libp2p/interface";
import { encode } from "it-length-prefixed";
import { withDeadline } from "../../deadline.ts";
import {
  routeDrainMs,
  routeHeadBytesMax,
  routeOpenTimeoutMs,
  routeStreamsMax,
  routeTargetTimeoutMs,
} from "../limits.ts";
import { decodeMap, encodeMap } from "../wire/cbor.ts";
import { streamDuplex } from "./streamDuplex.ts";

/** The protocol that carries a byte stream to a local target of the peer. */
export const routeProtocol = "/antibody/route/1.0.0";

/** Why a route stream could not be opened. */
export type RouteErrorCode =
  /** No session with the backend, and none could be made. */
  | "EUNREACHABLE"
  /** The backend does not serve the capability. */
  | "ENOCAPABILITY"
  /** The backend could not connect to its local target. */
  | "ETARGET"
  /** Too many route streams, here or there. */
  | "EBUSY"
  /** The stream broke, or the backend said nothing in time. */
  | "EBROKEN"
  /** The caller gave up. */
  | "ECANCELED";

/** A route stream that could not be opened. */
export class RouteError extends Error {
  override readonly name = "RouteError";
  readonly code: RouteErrorCode;

  constructor(code: RouteErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** An unsigned varint of two bytes reaches beyond the bound of a head. */
const headPrefixBytesMax = 2;

const answerCodes: readonly RouteErrorCode[] = ["ENOCAPABILITY", "ETARGET", "EBUSY"];

/** What routes need. */
export interface RoutesOptions {
  /** A connection with a session to the backend, made now when there is none. */
  connectTo(backend: AgentId, signal: AbortSignal): Promise<Connection | undefined>;
}

/** Carries byte streams to peers' local targets, and from peers to ours: only to what the agent serves. */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #open = new Set<Duplex>();
  /** Of these, what peers have opened. */
  readonly #answering = new Set<Duplex>();
  /** The last of them has ended; counts once nothing new is let in. */
  #drained: PromiseWithResolvers<void> = Promise.withResolvers();
  #ports: ReadonlyMap<string, number> = new Map();
  /** Streams that are being opened, which count as well. */
  #opening = 0;

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  /** The capabilities that peers may reach from now on. Standing streams go on. */
  serve(capabilities: readonly { readonly name: string; readonly port: number }[]): void {
    this.#ports = new Map(capabilities.map(({ name, port }) => [name, port]));
  }

  /** A byte stream to the local target of a peer's capability. Rejects with a RouteError. */
  async openRoute(backend: AgentId, capability: string, signal: AbortSignal): Promise<Duplex> {
    this.#reserve();
    try {
      const bounds = { ms: routeOpenTimeoutMs, signals: [signal] };
      return await withDeadline(bounds, async (deadline) => {
        const connection = await this.#options.connectTo(backend, deadline);
        if (connection === undefined) throw new RouteError("EUNREACHABLE", `no session with ${backend}`);
        return this.#track(await ask(connection, capability, deadline));
      });
    } catch (error) {
      if (signal.aborted) throw new RouteError("ECANCELED", "canceled", error);
      if (error instanceof RouteError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new RouteError("EBROKEN", `no route to ${backend}: ${message}`, error);
    } finally {
      this.#opening -= 1;
    }
  }

  /** Answers peers that ask for a capability. */
  handler(): StreamHandler {
    return (stream) => {
      void this.#answer(stream).catch((error: unknown) => {
        // The asking side sees the reset; nothing else is lost.
        stream.abort(error instanceof Error ? error : new Error(String(error)));
      });
    };
  }

  /** Lets nothing new in, gives peers a while to end what they have open to this device, and ends every stream. */
  async stop(): Promise<void> {
    this.#ports = new Map();
    this.#drained = Promise.withResolvers();
    if (this.#answering.size > 0) {
      await Promise.race([this.#drained.promise, delay(routeDrainMs, undefined, { ref: false })]);
    }
    for (const duplex of this.#open) duplex.destroy();
    this.#open.clear();
  }

  async #answer(stream: Stream): Promise<void> {
    // Before anything is read: an end that comes with the first bytes must not be missed.
    const duplex = headed(stream);
    const request = await readHead(duplex, AbortSignal.timeout(routeOpenTimeoutMs));
    const capability = request?.["capability"];
    if (typeof capability !== "string") throw new Error("Not a route request");
    const target = await this.#target(capability);
    if (typeof target === "string") {
      duplex.end(head({ type: "refused", code: target }));
      return;
    }
    duplex.write(head({ type: "open" }));
    this.#answering.add(duplex);
    join(this.#track(duplex), target);
  }

  async #target(capability: string): Promise<Socket | RouteErrorCode> {
    const port = this.#ports.get(capability);
    if (port === undefined) return "ENOCAPABILITY";
    if (this.#isFull()) return "EBUSY";
    this.#opening += 1;
    try {
      return await connectLocal(port);
    } catch {
      // Why the local program does not answer is its owner's business, and seen by its probes.
      return "ETARGET";
    } finally {
      this.#opening -= 1;
    }
  }

  #reserve(): void {
    if (this.#isFull()) throw new RouteError("EBUSY", `${routeStreamsMax} route streams are open`);
    this.#opening += 1;
  }

  #isFull(): boolean {
    return this.#open.size + this.#opening >= routeStreamsMax;
  }

  #track(duplex: Duplex): Duplex {
    this.#open.add(duplex);
    duplex.once("close", () => {
      this.#open.delete(duplex);
      if (this.#answering.delete(duplex) && this.#answering.size === 0) this.#drained.resolve();
    });
    return duplex;
  }
}

/** Asks for a capability over a new stream. Rejects with a RouteError when the peer refuses. */
async function ask(connection: Connection, capability: string, signal: AbortSignal): Promise<Duplex> {
  const duplex = headed(await connection.newStream(routeProtocol, { signal, runOnLimitedConnection: true }));
  try {
    duplex.write(head({ type: "route", capability }));
    const answer = await readHead(duplex, signal);
    if (answer?.["type"] === "open") return duplex;
    const code = answerCodes.find((known) => known === answer?.["code"]) ?? "EBROKEN";
    throw new RouteError(code, `the backend refused ${capability}: ${code}`);
  } catch (error) {
    duplex.destroy();
    throw error;
  }
}

/** A stream that breaks while its head is read says so to the reader: nobody else listens yet. */
function headed(stream: Stream): Duplex {
  return streamDuplex(stream).on("error", () => undefined);
}

function head(fields: Parameters<typeof encodeMap>[0]): Uint8Array {
  return encode.single(encodeMap(fields)).subarray();
}

/** The map at the beginning of a stream, with its length before it; what follows stays unread. */
async function readHead(duplex: Duplex, signal: AbortSignal): Promise<ReturnType<typeof decodeMap>> {
  const prefix = [...(await take(duplex, 1, signal))];
  while ((prefix.at(-1) ?? 0) >= 0x80 && prefix.length < headPrefixBytesMax) {
    prefix.push(...(await take(duplex, 1, signal)));
  }
  const bytes = prefix.reduce((sum, byte, index) => sum + (byte & 0x7f) * 0x80 ** index, 0);
  if (bytes === 0 || bytes > routeHeadBytesMax) throw new Error(`A route's head of ${bytes} bytes`);
  return decodeMap(new Uint8Array(await take(duplex, bytes, signal)));
}

/**
 * So many bytes, as soon as they are there. Rejects when the stream ends before. What is there is taken at once: a
 * stream that holds some bytes, and fewer than are asked for, calls itself readable again and again.
 */
async function take(duplex: Duplex, bytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let length = 0; length < bytes; ) {
    const part: Uint8Array | null = duplex.read(Math.min(bytes - length, duplex.readableLength));
    if (part !== null) {
      parts.push(part);
      length += part.length;
    } else {
      if (duplex.readableEnded || duplex.destroyed) throw new Error("The stream has ended");
      await moreOrEnd(duplex, signal);
    }
  }
  return concatBytes(parts);
}

/** Waits for bytes, or for the end: which of them comes is seen by reading. */
async function moreOrEnd(duplex: Duplex, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  await withDeadline({ signals: [signal, over.signal] }, async (either) => {
    try {
      await Promise.race(
        ["readable", "end", "close"].map((event) => once(duplex, event, { signal: either })),
      );
    } finally {
      over.abort();
    }
  });
}

/** Both directions, each ending on its own; an error in either ends all, and is nobody's but the two ends'. */
function join(duplex: Duplex, socket: Socket): void {
  const destroy = () => {
    duplex.destroy();
    socket.destroy();
  };
  const end = (error: Error | null | undefined) => {
    if (error !== null && error !== undefined) destroy();
  };
  // Beside those of the pipelines, which are gone when one direction has ended.
  duplex.on("error", destroy);
  socket.on("error", destroy);
  pipeline(duplex, socket, end);
  pipeline(socket, duplex, end);
}

function connectLocal(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  const onError = (error: Error) => {
    socket.destroy();
    reject(error);
  };
  socket.once("error", onError);
  socket.setTimeout(routeTargetTimeoutMs, () => onError(new Error("the local target does not answer")));
  socket.once("connect", () => {
    socket.off("error", onError);
    socket.setTimeout(0);
    socket.removeAllListeners("timeout");
    resolve(socket);
  });
  return promise;
}
