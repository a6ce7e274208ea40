import { once } from "node:events";
import { createServer, connect as dialTcp, type Server, type Socket } from "node:net";
import type { Input } from "@antibody/core";
import { createAuthor, parseStreamName, sealBundle } from "@antibody/policy";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, expect, test } from "vitest";
import { gossipTopics } from "../../../src/network/gossip/gossip.ts";
import { generateKey } from "../../../src/state/keyFile.ts";
import { Rogue } from "../rogue.ts";
import { crypto, enroll, found, memberOf, Station } from "../swarm.ts";

const open: { close(): Promise<void> }[] = [];
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  for (const server of servers.splice(0)) server.close();
});

/** Three agents in a row: the ends have no session with each other. */
async function row(): Promise<readonly [Station, Station, Station]> {
  const founded = found();
  const stations = await Promise.all(
    [founded, enroll(founded, "middle"), enroll(founded, "end")].map((one) => new Station(one).open()),
  );
  open.push(...stations);
  const [first, middle, end] = stations;
  if (first === undefined || middle === undefined || end === undefined) throw new Error("Three were opened");
  for (const station of stations) for (const other of stations) station.know(other);
  first.dial(middle);
  end.dial(middle);
  await Promise.all([first.input("connected"), end.input("connected")]);
  await middle.input("connected", ({ peer }) => peer === first.agent);
  await middle.input("connected", ({ peer }) => peer === end.agent);
  await hears(first, end);
  return [first, middle, end];
}

/** Waits until rumors of one reach the other: a mesh needs a moment to form, and gossip makes no promise. */
async function hears(from: Station, to: Station): Promise<void> {
  to.clear();
  const members = [memberOf(from.founded, from.network.addresses(), 2)];
  const publish = () => from.network.publishRumor({ type: "members", members });
  publish();
  const again = setInterval(publish, 50);
  const { rumor } = await to.input("rumor").finally(() => clearInterval(again));
  expect(rumor).toEqual({ type: "members", members });
}

/** What an author publishes first. */
function publication(): { readonly root: Uint8Array; readonly fragment: Uint8Array } {
  const signer = generateKey();
  const { author, bytes } = createAuthor({ signer, nextPublicKeys: [generateKey().publicKey], crypto });
  const stream = parseStreamName("home");
  if (stream === undefined) throw new Error("A name");
  const documents = [{ name: "motd", promises: { "file:/etc/motd": { content: "hello" } } as never }];
  const sealed = sealBundle({ author, stream, epoch: 1, generation: 1, documents, signer, crypto });
  const [fragment] = sealed.fragments;
  if (fragment === undefined) throw new Error("One fragment");
  return { root: bytes, fragment };
}

function forge(envelope: Uint8Array): Uint8Array {
  const forged = envelope.slice();
  forged.set([(forged.at(-1) ?? 0) ^ 1], forged.length - 1);
  return forged;
}

/** Publishes each in a turn of its own, as a message of its own. */
async function publishApart({ network }: Station, ...documents: readonly Uint8Array[]): Promise<void> {
  for (const bytes of documents) {
    network.publishPolicy(bytes);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function documentsOf({ message }: Extract<Input, { readonly type: "message" }>): readonly Uint8Array[] {
  return message.type === "items" ? message.policy.map(({ bytes }) => bytes) : [];
}

test("policy travels over an agent in between, the root before what it signs", async () => {
  const [first, middle, end] = await row();
  const { root, fragment } = publication();
  await publishApart(first, root, fragment);
  const got = await end.input("policy", ({ policy }) => policy.type === "fragment");
  expect(got.from).toBe(middle.agent);
  expect(got.policy.bytes).toEqual(fragment);
  const types = end.inputs.flatMap((input) => (input.type === "policy" ? [input.policy.type] : []));
  expect(types).toEqual(["root", "fragment"]);
});

test("what is published in one turn arrives at once, in its order", async () => {
  const [first, middle, end] = await row();
  const { root, fragment } = publication();
  for (const bytes of [root, fragment]) first.network.publishPolicy(bytes);
  const got = await end.input("message");
  expect(got.from).toBe(middle.agent);
  expect(documentsOf(got)).toEqual([root, fragment]);
  expect(end.inputs.some(({ type }) => type === "policy")).toBe(false);
});

test("one forgery keeps a bundle from going further, and what was good before it stays", async () => {
  const [first, middle, end] = await row();
  const { root, fragment } = publication();
  for (const bytes of [root, forge(fragment), fragment]) first.network.publishPolicy(bytes);
  expect((await middle.event("policy.rejected")).fields).toMatchObject({ reason: "badSignature" });
  expect(documentsOf(await middle.input("message"))).toEqual([root]);
  await hears(first, end);
  expect(end.inputs.some(({ type }) => type === "message" || type === "policy")).toBe(false);
});

test("a forgery ends at the first agent, which names its sender", async () => {
  const [first, middle, end] = await row();
  const { root, fragment } = publication();
  await publishApart(first, root, forge(fragment), fragment);
  expect((await middle.event("policy.rejected")).fields).toMatchObject({
    reason: "badSignature",
    from: first.agent,
    kind: "policy",
  });
  await end.input("policy", ({ policy }) => policy.type === "fragment");
  expect(end.events).toEqual([]);
});

test("policy of an unknown author is ignored, and nobody is blamed", async () => {
  const [first, middle, end] = await row();
  await publishApart(first, ...Array.from({ length: 20 }, () => publication().fragment));
  expect(await middle.event("policy.rejected")).toMatchObject({
    level: "info",
    fields: { reason: "unknownAuthor" },
  });
  await hears(first, end);
  expect(middle.inputs.some(({ type }) => type === "policy" || type === "disconnected")).toBe(false);
});

test("an agent that goes on forging is kept out", async () => {
  const [first, middle] = await row();
  const { root, fragment } = publication();
  const forgeries = Array.from({ length: 8 }, () => forge(publication().root));
  await publishApart(first, root, ...forgeries, fragment);
  await middle.event("network.banned");
  await first.input("disconnected");
  first.clear();
  first.dial(middle);
  expect((await first.input("dialed")).result).toBe("failed");
});

test("a rumor with one forged member is not heard", async () => {
  const [first, middle, end] = await row();
  const honest = memberOf(first.founded, [], 3);
  const forged = { ...honest, entry: memberOf(end.founded, [], 3).entry };
  end.clear();
  first.network.publishRumor({ type: "members", members: [honest, forged] });
  expect((await middle.event("network.refused")).fields).toMatchObject({ kind: "member", from: first.agent });
  expect(end.inputs).toEqual([]);
});

test("a lost gossip stream comes back while the connection stays", async () => {
  const founded = found();
  const honest = await new Station(founded).open();
  const peer = await Rogue.start(enroll(founded, "peer"));
  open.push(honest, { close: () => peer.stop() });
  const { health } = gossipTopics(founded.charter.swarm);
  const connection = await peer.connect(honest);
  await peer.hello(connection);
  await honest.input("connected");
  const heard = (): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    peer.node.gossip?.addEventListener("gossipsub:message", resolve, { once: true });
    const members = [memberOf(founded, [], 2)];
    const again = setInterval(() => honest.network.publishRumor({ type: "members", members }), 50);
    return promise.finally(() => clearInterval(again));
  };
  await heard();
  expect(peer.node.gossip?.getSubscribers(health)).toHaveLength(1);
  // The peer loses every stream of gossip, and forgets that the other was there.
  for (const stream of connection.streams) {
    if (stream.protocol.startsWith("/meshsub")) stream.abort(new Error("lost"));
  }
  await heard();
  expect(connection.status).toBe("open");
  expect(honest.inputs.filter(({ type }) => type === "disconnected")).toEqual([]);
});

/** Two agents that have dialed each other at once, through proxies that count and cut connections. */
async function crossed(): Promise<readonly [Station, Station, Proxy, Proxy]> {
  const founded = found();
  const [left, right] = await Promise.all([
    new Station(founded).open(),
    new Station(enroll(founded, "right")).open(),
  ]);
  open.push(left, right);
  left.know(right);
  right.know(left);
  const [toRight, toLeft] = await Promise.all([proxy(right), proxy(left)]);
  left.network.dial(right.agent, [toRight.address], "session", 30_000);
  right.network.dial(left.agent, [toLeft.address], "session", 30_000);
  await Promise.all([left.input("dialed"), right.input("dialed")]);
  return [left, right, toRight, toLeft];
}

test("of two connections one may break", async () => {
  const [left, right, toRight] = await crossed();
  await Promise.all([hears(left, right), hears(right, left)]);
  left.clear();
  right.clear();
  toRight.cut();
  // What is sent before the cut is noticed is lost: minds repeat what matters.
  const send = () => left.network.send(right.agent, { type: "want", members: [], policy: [] });
  const again = setInterval(send, 20);
  await right.input("message").finally(() => clearInterval(again));
  await hears(left, right);
  await hears(right, left);
  expect([...left.inputs, ...right.inputs].filter(({ type }) => type === "disconnected")).toEqual([]);
});

test("of two connections made at once the one stays that the smaller id has dialed, and nothing is lost", async () => {
  const [left, right, toRight, toLeft] = await crossed();
  const [spare, kept] = left.agent < right.agent ? [toLeft, toRight] : [toRight, toLeft];
  const said: string[] = [];
  const say = (from: Station, to: Station) => {
    said.push(to.agent);
    from.network.send(to.agent, { type: "want", members: [to.agent], policy: [] });
  };
  say(left, right);
  say(right, left);
  await Promise.all([hears(left, right), hears(right, left)]);
  const talk = setInterval(() => {
    say(left, right);
    say(right, left);
  }, 20);
  await spare.ended;
  clearInterval(talk);
  say(left, right);
  say(right, left);
  const heard = (): number =>
    [...left.inputs, ...right.inputs].filter(({ type }) => type === "message").length;
  // "hears" forgets what came before it.
  const before = 2;
  while (heard() < said.length - before) await new Promise((resolve) => setImmediate(resolve));
  await hears(left, right);
  await hears(right, left);
  expect([spare.openCount(), kept.openCount()]).toEqual([0, 1]);
  expect([...left.inputs, ...right.inputs].filter(({ type }) => type === "disconnected")).toEqual([]);
});

test("publishing without a peer does nothing", async () => {
  const station = await new Station(found()).open();
  open.push(station);
  station.network.publishPolicy(publication().root);
  station.network.publishRumor({ type: "members", members: [memberOf(station.founded, [], 2)] });
  await new Promise((resolve) => setImmediate(resolve));
  expect([...station.events, ...station.inputs]).toEqual([]);
});

interface Proxy {
  readonly address: string;
  /** Resolves when a connection through it has ended. */
  readonly ended: Promise<void>;
  openCount(): number;
  cut(): void;
}

/** Another address of a station, whose connections can be cut. */
async function proxy(station: Station): Promise<Proxy> {
  const target = multiaddr(station.network.addresses()[0] ?? "").getComponents();
  const port = Number(target.find(({ name }) => name === "tcp")?.value);
  const sockets: Socket[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let openCount = 0;
  const server = createServer((near) => {
    const far = dialTcp({ host: "127.0.0.1", port });
    openCount += 1;
    near.once("close", () => {
      openCount -= 1;
      end();
    });
    for (const socket of [near, far]) {
      sockets.push(socket);
      socket.on("error", () => undefined);
    }
    near.pipe(far);
    far.pipe(near);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP port");
  return {
    address: `/ip4/127.0.0.1/tcp/${address.port}`,
    ended,
    openCount: () => openCount,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
