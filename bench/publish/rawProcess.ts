import { generateKey, nodeCrypto } from "@antibody/agent/state";
import { libp2pKey } from "../../packages/agent/src/network/identity.ts";
import { gossipHeartbeatMs } from "../../packages/agent/src/network/limits.ts";
import { createNode, type Registrar } from "../../packages/agent/src/network/node.ts";
import { takePart } from "./rawMember.ts";
import { topic } from "./rawOrders.ts";

type Topology = Parameters<Registrar["register"]>[1];
const topologies = new Set<Topology>();

/** The registrar, which remembers who wants to hear of peers. */
function listening(registrar: Registrar): Registrar {
  return {
    getProtocols: () => registrar.getProtocols(),
    getHandler: (protocol) => registrar.getHandler(protocol),
    handle: (protocol, handler, options) => registrar.handle(protocol, handler, options),
    unhandle: (protocol, options) => registrar.unhandle(protocol, options),
    use: (protocol, middleware) => registrar.use(protocol, middleware),
    unuse: (protocol) => registrar.unuse(protocol),
    getMiddleware: (protocol) => registrar.getMiddleware(protocol),
    getTopologies: () => [...topologies],
    register: async (protocol, topology) => {
      topologies.add(topology);
      return protocol;
    },
    unregister: () => undefined,
  };
}

/** One node of bare gossipsub as a process, with the settings of libp2p and of gossipsub that agents have. */
const node = await createNode({
  privateKey: libp2pKey(generateKey()),
  listen: ["/ip4/127.0.0.1/tcp/0"],
  gossip: { topics: [topic], crypto: nodeCrypto(), gated: listening },
});
const { libp2p, gossip } = node;
if (gossip === undefined) throw new Error("a node with gossip has it");
// Without identify, as in agents: gossip is told of a peer as soon as it is connected.
libp2p.addEventListener("connection:open", ({ detail }) => {
  for (const topology of topologies) void topology.onConnect?.(detail.remotePeer, detail);
});
await takePart(libp2p, gossip);
// As often as an agent's, while there is news: by itself a node of these settings beats for one at rest.
setInterval(() => void gossip.heartbeat(), gossipHeartbeatMs);
