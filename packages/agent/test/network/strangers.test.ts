import { connect } from "node:net";
import { memberWire } from "@antibody/core";
import { RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC } from "@libp2p/circuit-relay-v2";
import { multiaddr } from "@multiformats/multiaddr";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { gossipTopics } from "../../src/network/gossip/gossip.ts";
import { mailProtocols } from "../../src/network/mail/mail.ts";
import { routeProtocol } from "../../src/network/routes/routes.ts";
import { encodeMap } from "../../src/network/wire/cbor.ts";
import { encodeWire } from "../../src/network/wire/wire.ts";
import { Company, closed, forgedMember, type Rogue, sendFrame, sendMessage } from "./rogue.ts";
import { enroll, found, memberOf, type Station } from "./swarm.ts";

const company = new Company();
afterEach(() => company.end());

const probe = encodeWire({
  type: "probe",
  sequence: 1,
  digests: { members: "0000000000000000", policy: "0000000000000000" },
});

test("a stranger gets hello and nothing else", async () => {
  const honest = await company.station(found());
  const stranger = await company.rogue(found());
  const connection = await stranger.connect(honest);
  const protocols = [
    ...Object.values(mailProtocols).flat(),
    routeProtocol,
    "/meshsub/1.2.0",
    "/meshsub/1.1.0",
    "/ipfs/id/1.0.0",
    RELAY_V2_HOP_CODEC,
    RELAY_V2_STOP_CODEC,
  ];
  for (const protocol of protocols) {
    const stream = await connection.newStream(protocol);
    if (stream.status === "open") sendMessage(stream, probe);
    await closed(stream);
    expect([protocol, stream.status]).toEqual([protocol, "reset"]);
  }
  await expect(connection.newStream("/ipfs/ping/1.0.0")).rejects.toThrow();
  expect(honest.inputs).toEqual([]);
});

test("a stranger that says nothing is hung up", async () => {
  const honest = await company.station(found());
  const stranger = await company.rogue(found());
  await closed(await stranger.connect(honest));
  expect(honest.inputs).toEqual([]);
});

test("gossip of a stranger is not heard, and none reaches it", async () => {
  const founded = found();
  const [honest, other] = [await company.station(founded), await company.station(enroll(founded, "other"))];
  honest.know(other);
  honest.dial(other);
  await honest.input("connected");
  const stranger = await company.rogue({ ...found(), charter: founded.charter });
  const heard: unknown[] = [];
  stranger.node.gossip?.addEventListener("gossipsub:message", ({ detail }) => heard.push(detail));
  const connection = await stranger.connect(honest);
  const { health } = gossipTopics(founded.charter.swarm);
  const rumor = { type: "members", members: [memberOf(founded, [], 2)] } as const;
  const publish = setInterval(() => honest.network.publishRumor(rumor), 20);
  const shout = setInterval(() => void stranger.node.gossip?.publish(health, new Uint8Array([1])), 20);
  // Until the stranger is hung up, and the enrolled peer has heard.
  await Promise.all([closed(connection), other.input("rumor")]);
  clearInterval(publish);
  clearInterval(shout);
  expect(heard).toEqual([]);
  expect(honest.events.filter(({ name }) => name === "network.banned")).toEqual([]);
});

test("a chain that is another's, too long, or signed by a stranger gets no session", async () => {
  const founded = found();
  const honest = await company.station(founded);
  const stranger = await company.rogue(found());
  const member = enroll(founded, "member");
  const hellos = [
    encodeMap({ type: "hello", ...memberWire(memberOf(member, [])) }),
    encodeMap({ type: "hello", ...memberWire(memberOf(stranger.founded, [])) }),
    encodeMap({ type: "hello", ...forgedMember(memberOf(member, []), stranger.founded) }),
    encodeMap({ type: "hello", chain: [], entry: new Uint8Array(1) }),
    encodeMap({ type: "welcome" }),
    new Uint8Array([0x81]),
  ];
  for (const hello of hellos) {
    const connection = await stranger.connect(honest);
    const answer = await stranger.strangeHello(connection, hello);
    expect(Buffer.from(answer).toString("latin1")).toContain("refused");
    await connection.close();
  }
  const connection = await stranger.connect(honest);
  const large = encodeMap({ type: "hello", chain: [new Uint8Array(20_000)], entry: new Uint8Array(1) });
  await expect(stranger.strangeHello(connection, large)).rejects.toThrow();
  expect(honest.inputs).toEqual([]);
});

test("garbage on the port harms nobody", async () => {
  const founded = found();
  const [honest, other] = [await company.station(founded), await company.station(enroll(founded, "other"))];
  honest.know(other);
  const [address] = honest.network.addresses();
  const port = Number(
    multiaddr(address ?? "")
      .getComponents()
      .find(({ name }) => name === "tcp")?.value,
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), async (bytes) => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => undefined);
      socket.end(bytes);
      socket.resume();
      await new Promise((resolve) => socket.once("close", resolve));
    }),
    { numRuns: 30 },
  );
  expect(honest.inputs).toEqual([]);
  honest.dial(other);
  expect((await honest.input("dialed")).result).toBe("connected");
});

/** An honest agent and an enrolled peer that can send what it likes. */
async function misfit(): Promise<readonly [Station, Rogue, Awaited<ReturnType<Rogue["connect"]>>]> {
  const founded = found();
  const honest = await company.station(founded);
  const peer = await company.rogue(enroll(founded, "misfit"));
  const connection = await peer.connect(honest);
  await peer.hello(connection);
  await honest.input("connected");
  return [honest, peer, connection];
}

test("an enrolled peer that sends no message is hung up and kept out", async () => {
  for (const bytes of [
    Uint8Array.of(7, 1, 2, 3),
    Uint8Array.of(0),
    Uint8Array.of(1),
    Uint8Array.of(0, ...new Uint8Array(2_000).fill(0x81)),
    Uint8Array.of(0, ...encodeMap({ type: "want", members: new Uint8Array(0), policy: new Uint8Array(0) })),
  ]) {
    const [honest, peer, connection] = await misfit();
    const stream = await connection.newStream([...mailProtocols.probe]);
    sendFrame(stream, bytes);
    await closed(connection);
    await honest.input("disconnected");
    expect((await honest.event("network.banned")).fields["agent"]).toBeDefined();
    const again = await peer.connect(honest);
    await peer.hello(again).catch(() => undefined);
    expect(honest.inputs.filter(({ type }) => type === "connected")).toHaveLength(1);
  }
});

test("a frame that announces too much is not waited for", async () => {
  const [honest, , connection] = await misfit();
  const stream = await connection.newStream([...mailProtocols.sync]);
  stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f));
  await closed(connection);
  await honest.input("disconnected");
});

test("a message without an end is cut off", async () => {
  const [honest, , connection] = await misfit();
  const stream = await connection.newStream([...mailProtocols.sync]);
  const part = new Uint8Array(60_000).fill(1);
  const pour = (): void => {
    while (stream.writeStatus === "writable" && !stream.writableNeedsDrain) sendFrame(stream, part);
  };
  stream.addEventListener("drain", pour);
  pour();
  await closed(connection);
  await honest.input("disconnected");
});

test("a bad item is left out, a good one beside it is taken, and many cost the session", async () => {
  const [honest, peer, connection] = await misfit();
  const stream = await connection.newStream([...mailProtocols.sync]);
  const good = memberWire(memberOf(peer.founded, [], 2));
  const bad = forgedMember(memberOf(peer.founded, [], 3), found());
  sendMessage(stream, encodeWire({ type: "items", members: [bad, good], deaths: [], policy: [] }));
  const { message } = await honest.input("message");
  if (message.type !== "items") throw new Error("Items were sent");
  expect(message.members.map(({ entry }) => entry.entry.incarnation)).toEqual([[1, 1, 2]]);
  expect(honest.events[0]).toMatchObject({ name: "network.refused", fields: { reason: "badSignature" } });
  const members = new Array(7).fill(bad);
  sendMessage(stream, encodeWire({ type: "items", members, deaths: [], policy: [] }));
  await closed(connection);
  await honest.event("network.banned");
});
