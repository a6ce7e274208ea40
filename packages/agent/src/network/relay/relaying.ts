import {
  type CircuitRelayService,
  circuitRelayServer,
  circuitRelayTransport,
  RELAY_V2_HOP_CODEC,
} from "@libp2p/circuit-relay-v2";
import {
  type Connection,
  type PeerId,
  type StreamHandler,
  serviceDependencies,
  type Transport,
} from "@libp2p/interface";
import {
  circuitBytesMax,
  circuitMsMax,
  circuitsMax,
  circuitsPerPeerMax,
  doorMs,
  hopTimeoutMs,
} from "../limits.ts";
import { Circuits } from "./circuits.ts";
import { Doors } from "./doors.ts";
import { endless } from "./reservation.ts";

type ServerComponents = Parameters<ReturnType<typeof circuitRelayServer>>[0];
type TransportComponents = Parameters<ReturnType<typeof circuitRelayTransport>>[0];

/** What relaying needs. */
export interface RelayingOptions {
  /** Lets only streams of enrolled peers through; others go to `strangers`, or are reset. */
  guard(handler: StreamHandler, strangers?: StreamHandler): StreamHandler;
  /** The direct connection of the session with a peer; undefined while there is none. */
  directTo(peer: PeerId): Connection | undefined;
  /** Gives the connection of a stranger so long from now to become a session. */
  extend(connection: Connection, timeoutMs: number): void;
}

/**
 * libp2p's circuit relay, version 2, among enrolled peers: each connects any two with which it has a session. A
 * session is the reservation. None is asked for, renewed or given to others, so that a quiet swarm says nothing of
 * relays; and a relay never dials, so that a circuit has one hop. The two ends run Noise through it: the relay sees
 * only who talks to whom, and how much. What a peer does ask for, while it invites, is a door for strangers.
 */
export class Relaying {
  readonly #options: RelayingOptions;
  readonly #circuits = new Circuits(circuitsMax, circuitsPerPeerMax);
  #service: CircuitRelayService | undefined;
  #doors: Doors | undefined;

  constructor(options: RelayingOptions) {
    this.#options = options;
  }

  /** Dials through relays, and takes what they bring. */
  transport(components: TransportComponents): Transport {
    const make = circuitRelayTransport({ maxInboundStopStreams: circuitsMax });
    const transport = make({
      ...this.#among(components),
      upgrader: components.upgrader,
      events: components.events,
      // Called through a relay that it has no reservation at, the library would make one.
      transportManager: overriding(components.transportManager, { listen: async () => undefined }),
      // Discovery looks for relays to make reservations at, and is never started without one.
      randomWalk: { walk: () => nobody() },
    });
    // Identify is for discovery, and a joiner has none.
    return overriding(transport, { [serviceDependencies]: [] });
  }

  /** Relays for others. */
  server(components: ServerComponents): CircuitRelayService {
    const make = circuitRelayServer({
      hopTimeout: hopTimeoutMs,
      maxInboundHopStreams: circuitsPerPeerMax,
      reservations: { reservationTtl: doorMs },
    });
    const own = { ...this.#among(components), privateKey: components.privateKey };
    this.#doors = new Doors({
      makeRelay: (handed) => {
        const handle = async (_protocol: string, handler: StreamHandler) => handed(handler);
        return make({ ...own, registrar: overriding(own.registrar, { handle }) });
      },
      extend: (connection, timeoutMs) => this.#options.extend(connection, timeoutMs),
    });
    this.#service = make(own);
    return this.#service;
  }

  /** A peer asks for a door through which strangers reach it; false where it gets none. */
  openDoor(peer: PeerId): boolean {
    const direct = this.#options.directTo(peer);
    return direct !== undefined && this.#doors?.open(peer, direct.remoteAddr) === true;
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
    this.#doors?.close(peer);
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
          registrar.handle(protocol, this.#guarded(protocol, handler), options),
        register: async (protocol) => protocol,
        unregister: () => undefined,
      }),
    };
  }

  #guarded(protocol: string, handler: StreamHandler): StreamHandler {
    if (protocol !== RELAY_V2_HOP_CODEC) return this.#options.guard(handler);
    return this.#options.guard(this.#bounded(handler), (stream, connection) =>
      this.#doors?.lead(stream, connection),
    );
  }

  /** Counts circuits from their request to their end, of one peer and of all. */
  #bounded(handler: StreamHandler): StreamHandler {
    return async (stream, connection) => {
      await this.#circuits.serve(connection.remotePeer.toString(), handler, stream, connection);
      // The library forgets the reservation of who asked for a door and did not wait for the answer.
      if (this.#service?.reservations.has(connection.remotePeer) === false)
        this.opened(connection.remotePeer);
    };
  }
}

/** The same object with a few methods of its own. */
function overriding<Port extends object>(
  port: Port,
  own: Partial<Port> & { readonly [name: symbol]: unknown },
): Port {
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
