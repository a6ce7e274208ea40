import { randomBytes } from "node:crypto";
import type { GossipSub } from "@libp2p/gossipsub";
import type { Libp2p } from "libp2p";
import { parseAddress } from "../../packages/agent/src/network/node.ts";
import { type Order, topic } from "./rawOrders.ts";

/** A guess: five handshakes that are late by seconds are no accident of the machine. */
const dialTriesMax = 5;

/**
 * Starts a node, tells its address as a line, and obeys orders, which come as lines of JSON on standard input. Every
 * message that arrives is told as a line: its first four bytes, a number.
 */
export async function takePart(libp2p: Libp2p, gossip: GossipSub): Promise<void> {
  gossip.addEventListener("gossipsub:message", ({ detail }) => {
    process.stdout.write(`${Buffer.from(detail.msg.data).readUInt32BE(0)}\n`);
  });
  await libp2p.start();
  gossip.subscribe(topic);
  const [address] = libp2p.getMultiaddrs();
  process.stdout.write(`${address?.toString()}\n`);
  let rest = "";
  process.stdin.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) void obey(libp2p, gossip, JSON.parse(line) as Order);
  });
  // Whoever gave the orders is gone: so is the reason to be.
  process.stdin.on("end", () => process.exit(0));
}

async function obey(libp2p: Libp2p, gossip: GossipSub, order: Order): Promise<void> {
  if (order.type === "dial") {
    const to = parseAddress(order.address);
    if (to === undefined) throw new Error(`no address: ${order.address}`);
    await dial(libp2p, to);
    process.stdout.write("dialed\n");
    return;
  }
  for (const { number, bytes } of order.messages) {
    const data = randomBytes(bytes);
    data.writeUInt32BE(number, 0);
    void gossip.publish(topic, data);
  }
}

/** On a machine with more to do than processors a handshake misses its bound: agents dial again as well. */
async function dial(libp2p: Libp2p, to: Parameters<Libp2p["dial"]>[0]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await libp2p.dial(to);
      return;
    } catch (error) {
      if (tries === dialTriesMax) throw error;
    }
  }
}
