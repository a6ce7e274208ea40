import { randomBytes } from "node:crypto";
import { generateKey, nodeCrypto } from "@antibody/agent/state";
import { libp2pKey } from "../../packages/agent/src/network/identity.ts";
import { gossipHeartbeatMs } from "../../packages/agent/src/network/limits.ts";
import { createNode, parseAddress, type Registrar } from "../../packages/agent/src/network/node.ts";
import { type Order, topic } from "./rawOrders.ts";

/** A guess: five handshakes that are late by seconds are no accident of the machine. */
const dialTriesMax = 5;

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

/**
 * One node of bare gossipsub as a process, with the settings of libp2p that agents have. Orders come as lines of
 * JSON on standard input, and every message that arrives is told as a line: its first four bytes, a number.
 */
const node = await createNode({
  privateKey: libp2pKey(generateKey()),
  listen: ["/ip4/127.0.0.1/tcp/0"],
  gossip: { topics: [topic], crypto: nodeCrypto(), gated: listening },
});
const { libp2p, gossip } = node;
if (gossip === undefined) throw new Error("a node with gossip has it");
gossip.addEventListener("gossipsub:message", ({ detail }) => {
  process.stdout.write(`${Buffer.from(detail.msg.data).readUInt32BE(0)}\n`);
});
// Without identify, as in agents: gossip is told of a peer as soon as it is connected.
libp2p.addEventListener("connection:open", ({ detail }) => {
  for (const topology of topologies) void topology.onConnect?.(detail.remotePeer, detail);
});
await libp2p.start();
gossip.subscribe(topic);
// As often as an agent's, while there is news: by itself a node of these settings beats for one at rest.
setInterval(() => void gossip.heartbeat(), gossipHeartbeatMs);
const [address] = libp2p.getMultiaddrs();
process.stdout.write(`${address?.toString()}\n`);

let rest = "";
process.stdin.setEncoding("utf8").on("data", (text: string) => {
  const lines = (rest + text).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) void obey(JSON.parse(line) as Order);
});
// Whoever gave the orders is gone: so is the reason to be.
process.stdin.on("end", () => process.exit(0));

/** On a machine with more to do than processors a handshake misses its bound: agents dial again as well. */
async function dial(to: Parameters<typeof libp2p.dial>[0]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await libp2p.dial(to);
      return;
    } catch (error) {
      if (tries === dialTriesMax) throw error;
    }
  }
}

async function obey(order: Order): Promise<void> {
  if (order.type === "dial") {
    const to = parseAddress(order.address);
    if (to === undefined) throw new Error(`no address: ${order.address}`);
    await dial(to);
    process.stdout.write("dialed\n");
    return;
  }
  for (const { number, bytes } of order.messages) {
    const data = randomBytes(bytes);
    data.writeUInt32BE(number, 0);
    void gossip?.publish(topic, data);
  }
}
