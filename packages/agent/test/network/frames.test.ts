import { connect, createServer, type Server, type Socket } from "node:net";
import { generateKey, nodeCrypto } from "@antibody/agent/state";
import { afterEach, expect, test } from "vitest";
import { libp2pKey } from "../../src/network/identity.ts";
import { createNode, type NetworkNode, parseAddress } from "../../src/network/node.ts";

const protocol = "/test/frames/1.0.0";
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function node(listen: readonly string[]): Promise<NetworkNode["libp2p"]> {
  const { libp2p } = await createNode({
    privateKey: libp2pKey(generateKey()),
    listen,
  });
  await libp2p.start();
  ends.push(async () => libp2p.stop());
  return libp2p;
}

/** A port that leads to another one, and how many bytes came back from there. */
async function relayTo(port: number): Promise<{ readonly port: number; backBytes(): number }> {
  let bytes = 0;
  const sockets: Socket[] = [];
  const server: Server = createServer((inbound) => {
    const outbound = connect(port, "127.0.0.1");
    sockets.push(inbound, outbound);
    inbound.pipe(outbound);
    outbound.on("data", (chunk) => {
      bytes += chunk.length;
    });
    outbound.pipe(inbound);
    inbound.on("error", () => outbound.destroy());
    outbound.on("error", () => inbound.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  ends.push(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return { port: address.port, backBytes: () => bytes };
}

test("a message that was read costs no frame back, until half of the window is used", async () => {
  const reader = await node(["/ip4/127.0.0.1/tcp/0"]);
  const writer = await node([]);
  let readBytes = 0;
  await reader.handle(protocol, async (stream) => {
    for await (const chunk of stream) readBytes += chunk.byteLength;
  });
  const listening = Number(/\/tcp\/(\d+)/.exec(String(reader.getMultiaddrs()[0]))?.[1]);
  const relay = await relayTo(listening);
  const address = parseAddress(`/ip4/127.0.0.1/tcp/${relay.port}/p2p/${reader.peerId.toString()}`);
  if (address === undefined) throw new Error("an address");
  const stream = await writer.dialProtocol(address, protocol);
  const message = nodeCrypto().sha256(new Uint8Array(1));
  stream.send(message);
  await expect.poll(() => readBytes).toBe(message.length);
  const openedBytes = relay.backBytes();
  for (let count = 2; count <= 50; count += 1) {
    stream.send(message);
    await expect.poll(() => readBytes, { interval: 1 }).toBe(count * message.length);
  }
  expect(relay.backBytes()).toBe(openedBytes);
  stream.send(new Uint8Array(200 * 1_024));
  await expect.poll(() => relay.backBytes()).toBeGreaterThan(openedBytes);
});
