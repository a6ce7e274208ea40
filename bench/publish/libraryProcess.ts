import { generateKey } from "@antibody/agent/state";
import { gossipsub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { libp2pKey } from "../../packages/agent/src/network/identity.ts";
import { takePart } from "./rawMember.ts";

/** All processes share one address, from which libp2p would take five connections a second. */
const inboundMax = 1_000;

/**
 * One node of bare gossipsub as a process, as the library comes: every message is signed by its publisher and verified
 * by each receiver, six peers in a mesh, beats of a second. The patches of this repository are in it all the same.
 */
const libp2p = await createLibp2p({
  start: false,
  privateKey: libp2pKey(generateKey()),
  addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: {
    inboundConnectionThreshold: inboundMax,
    maxIncomingPendingConnections: inboundMax,
  },
  services: { identify: identify(), gossip: gossipsub() },
});
await takePart(libp2p, libp2p.services.gossip);
