import {
  type CircuitRelayService,
  circuitRelayServer,
  circuitRelayTransport,
  RELAY_V2_HOP_CODEC,
  type RelayReservation,
} from "@libp2p/circuit-relay-v2";
import {
  type Connection,
  type PeerId,
  type StreamHandler,
  setMaxListeners,
  type Transport,
} from "@libp2p/interface";
import { circuitBytesMax, circuitMsMax, circuitsMax, circuitsPerPeerMax, hopTimeoutMs } from "./limits.ts";
import { HostShares } from "./newcomers.ts";

type ServerComponents = Parameters<ReturnType<typeof circuitRelayServer>>[0];
type TransportComponents = Parameters<ReturnType<typeof circuitRelayTransport>>[0];

/** What relaying needs. */
export interface RelayingOptions {
  /** Lets only streams of enrolled peers through. */
  guard(handler: StreamHandler): StreamHandler;
  /** The direct connection of the session with a peer; undefined while there is none. */
  directTo(peer: PeerId): Connection | undefined;
}

/**
 * libp2p's circuit relay, version 2, among enrolled peers: each connects any two with which it has a session. A
 * session is the reservation. None is asked for, renewed or given to others, so that a quiet swarm says nothing of
 * relays; and a relay never dials, so that a circuit has one hop. The two ends run Noise through it: the relay sees
 * only who talks to whom, and how much.
 */
export class Relaying {
  readonly #options: RelayingOptions;
  readonly #shares = new HostShares<object>(circuitsPerPeerMax);
  #circuits = 0;
  #service: CircuitRelayService | undefined;

  constructor(options: RelayingOptions) {
    this.#options = options;
  }

  /** Dials through relays, and takes what they bring. */
  transport(components: TransportComponents): Transport {
    const make = circuitRelayTransport({ maxInboundStopStreams: circuitsMax });
    return make({
      ...this.#among(components),
      upgrader: components.upgrader,
      events: components.events,
      // Called through a relay that it has no reservation at, the library would make one.
      transportManager: overriding(components.transportManager, { listen: async () => undefined }),
      // Discovery looks for relays to make reservations at, and is never started without one.
      randomWalk: { walk: () => nobody() },
    });
  }

  /** Relays for others. */
  server(components: ServerComponents): CircuitRelayService {
    const make = circuitRelayServer({ hopTimeout: hopTimeoutMs, maxInboundHopStreams: circuitsPerPeerMax });
    this.#service = make({ ...this.#among(components), privateKey: components.privateKey });
    return this.#service;
  }

  /** A session stands: others may reach the peer through this agent. */
  opened(peer: PeerId): void {
    const direct = this.#options.directTo(peer);
    if (direct === undefined) return;
    const limit = { duration: circuitMsMax, data: BigInt(circuitBytesMax) };
    const expiry = new Date(8.64e15);
    this.#service?.reservations.set(peer, { addr: direct.remoteAddr, expiry, limit, signal: endless() });
  }

  /** The session is over, and with it what ran through its connection. */
  closed(peer: PeerId): void {
    this.#service?.reservations.delete(peer);
  }

  /** The components of libp2p, narrowed to what stands among enrolled peers. */
  #among<Components extends ServerComponents | TransportComponents>(
    components: Components,
  ): Pick<
    Components,
    | "addressManager"
    | "connectionGater"
    | "connectionManager"
    | "logger"
    | "peerId"
    | "peerStore"
    | "registrar"
  > {
    const { addressManager, connectionGater, connectionManager, logger, peerId, peerStore, registrar } =
      components;
    return {
      addressManager,
      connectionGater,
      logger,
      peerId,
      peerStore,
      connectionManager: overriding(connectionManager, {
        getConnections: (peer) =>
          [peer === undefined ? undefined : this.#options.directTo(peer)].filter(isDefined),
        openConnection: async () => {
          throw new Error("No session with the relay");
        },
      }),
      registrar: overriding(registrar, {
        handle: (protocol, handler, options) =>
          registrar.handle(protocol, this.#options.guard(this.#bounded(protocol, handler)), options),
        register: async (protocol) => protocol,
        unregister: () => undefined,
      }),
    };
  }

  /** Counts circuits from their request to their end, of one peer and of all. */
  #bounded(protocol: string, handler: StreamHandler): StreamHandler {
    if (protocol !== RELAY_V2_HOP_CODEC) return handler;
    return async (stream, connection) => {
      const peer = connection.remotePeer.toString();
      if (this.#circuits >= circuitsMax || !this.#shares.take(peer, stream)) {
        stream.abort(new Error("Too many circuits"));
        return;
      }
      this.#circuits += 1;
      stream.addEventListener(
        "close",
        () => {
          this.#circuits -= 1;
          this.#shares.release(peer, stream);
        },
        { once: true },
      );
      try {
        await handler(stream, connection);
      } catch (error) {
        // The library answers failures over a stream that may be the one that failed.
        stream.abort(error instanceof Error ? error : new Error(String(error)));
      }
    };
  }
}

/** A reservation never runs out by itself. */
function endless(): RelayReservation["signal"] {
  const { signal } = new AbortController();
  // Each circuit listens to it.
  setMaxListeners(Number.POSITIVE_INFINITY, signal);
  return Object.assign(signal, { reset: () => undefined, clear: () => undefined });
}

/** The same object with a few methods of its own. */
function overriding<Port extends object>(port: Port, own: Partial<Port>): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(Object.hasOwn(own, name) ? own : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function* nobody(): AsyncGenerator<never> {}

function isDefined<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
