import type { Crypto } from "@antibody/policy";
import type { GossipSubComponents } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import type { Connection, Libp2p, PrivateKey } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { type BeatingGossip, createGossip } from "./gossip/createGossip.ts";
import {
  connectionsMax,
  gossipRestMs,
  helloTimeoutMs,
  inboundPendingMax,
  inboundPendingPerHostMax,
  inboundPerSecondMax,
  inboundStreamsMax,
  muxerPingIntervalMs,
  outboxBytesMax,
  streamReadBytesMax,
  streamWindowBytes,
} from "./limits.ts";
import type { Relaying } from "./relay/relaying.ts";
import { HoldingOff } from "./sessions/holdingOff.ts";
import { Handshakes } from "./sessions/newcomers.ts";

/** Where protocols and topologies are registered; libp2p names the type in a package of its own. */
export type Registrar = GossipSubComponents["registrar"];

/** How a dial is bounded and followed. */
interface DialAttempt {
  readonly signal: AbortSignal;
  /** Called when the other end has accepted the connection, before any handshake. */
  accepted(): void;
}

/** A libp2p node, not yet started. */
export interface NetworkNode {
  readonly libp2p: Libp2p;
  readonly gossip: BeatingGossip | undefined;
  /**
   * A new connection to one address, whatever stands already: past libp2p's queue, which would join dials of
   * different purposes. Who answers is known only afterwards: `remotePeer` must be compared.
   */
  dial(address: Multiaddr, attempt: DialAttempt): Promise<Connection>;
}

/** What differs between nodes. */
export interface NodeOptions {
  readonly privateKey: PrivateKey;
  /** Multiaddrs; empty for a node that only dials. */
  readonly listen: readonly string[];
  /** Gossip, with its registrar behind a gate; absent for the temporary node of a joiner. */
  readonly gossip?: {
    readonly topics: readonly string[];
    readonly crypto: Crypto;
    /** Whether what comes is forwarded only when its receiver says so; at once where nothing is said. */
    readonly isJudged?: boolean;
    gated(registrar: Registrar): Registrar;
  };
  /** Relaying for others, and through them; absent for the temporary node of a joiner. */
  readonly relaying?: Relaying;
}

/** Makes a node of TCP, Noise and Yamux, with bounds for small devices and for many agents on one host. */
export async function createNode(options: NodeOptions): Promise<NetworkNode> {
  let dialTransport: NetworkNode["dial"] | undefined;
  let gossip: BeatingGossip | undefined;
  const { relaying } = options;
  const handshakes = new Handshakes(inboundPendingPerHostMax);
  const holdingOff = new HoldingOff();
  const direct = (components: Parameters<ReturnType<typeof tcp>>[0]) =>
    holdingOff.guard(tcp()(components), (connection) => handshakes.ended(connection));
  const libp2p = await createLibp2p({
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { name: "antibody", version: "1", userAgent: "antibody" },
    addresses: { listen: [...options.listen] },
    transports: relaying === undefined ? [direct] : [direct, (components) => relaying.transport(components)],
    connectionEncrypters: [noise()],
    connectionGater: {
      ...handshakes.gater,
      // A session is the reservation among peers; what is asked for is a door for strangers.
      denyInboundRelayReservation: (peer) => relaying?.openDoor(peer) !== true,
    },
    streamMuxers: [
      yamux({
        maxInboundStreams: inboundStreamsMax,
        maxOutboundStreams: inboundStreamsMax,
        keepAliveInterval: muxerPingIntervalMs,
        streamOptions: {
          initialStreamWindowSize: streamWindowBytes,
          // Windows that grow on fast links would let one peer hold 16 MiB of our memory.
          maxStreamWindowSize: streamWindowBytes,
          maxReadBufferLength: streamReadBytesMax,
          maxWriteBufferLength: outboxBytesMax,
        },
      }),
    ],
    connectionManager: {
      maxConnections: connectionsMax,
      maxIncomingPendingConnections: inboundPendingMax,
      inboundConnectionThreshold: inboundPerSecondMax,
      inboundUpgradeTimeout: helloTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: helloTimeoutMs,
      // The mind dials again, with jitter and backoff; libp2p would give up after 5 tries.
      reconnectRetries: 0,
    },
    // The mind probes its peers; the monitor's pings are 88% of idle CPU (measured).
    connectionMonitor: { enabled: false },
    services: {
      transport: ({ transportManager }) => {
        dialTransport = (address, attempt) =>
          transportManager.dial(address, {
            signal: attempt.signal,
            onProgress: (event: { readonly type: string }) => {
              if (event.type === "upgrader:encrypt-outbound-connection") attempt.accepted();
            },
          });
        return {};
      },
      ...(relaying === undefined
        ? {}
        : { relay: (components: RelayComponents) => relaying.server(components) }),
      ...(options.gossip === undefined ? {} : gossipServices(options.gossip, (made) => (gossip = made))),
    },
  });
  if (dialTransport === undefined) throw new Error("libp2p makes its services when it is made");
  return { libp2p, gossip, dial: dialTransport };
}

/** A multiaddr, or undefined for a text that is none. */
export function parseAddress(text: string): Multiaddr | undefined {
  try {
    return multiaddr(text);
  } catch {
    return undefined;
  }
}

type RelayComponents = Parameters<Relaying["server"]>[0];
type Components = GossipSubComponents & Parameters<ReturnType<typeof identify>>[0];

function gossipServices(
  options: NonNullable<NodeOptions["gossip"]>,
  made: (gossip: BeatingGossip) => void,
): Record<string, (components: Components) => unknown> {
  return {
    // gossipsub insists on identify. It runs for nobody by itself, and answers enrolled peers only.
    identify: (components) =>
      identify({ runOnConnectionOpen: false })(behindGate(components, options.gated(components.registrar))),
    gossip: (components) => {
      const { privateKey, peerId, peerStore, connectionManager, logger } = components;
      const registrar = options.gated(components.registrar);
      const own = { privateKey, peerId, peerStore, registrar, connectionManager, logger };
      const gossip = createGossip(own, options.topics, options.crypto, gossipRestMs, options.isJudged);
      made(gossip);
      return gossip;
    },
  };
}

function behindGate(components: Components, registrar: Registrar): Components {
  const { peerId, privateKey, peerStore, connectionManager, addressManager, events, logger, nodeInfo } =
    components;
  return {
    peerId,
    privateKey,
    peerStore,
    connectionManager,
    addressManager,
    events,
    logger,
    nodeInfo,
    registrar,
  };
}
