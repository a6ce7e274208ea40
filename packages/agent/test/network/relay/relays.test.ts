import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { buffer } from "node:stream/consumers";
import { memberWire, sealEviction, type VerifiedEviction, verifyEviction } from "@antibody/core";
import { toHex } from "@antibody/policy";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../../../../cli/src/demo/ports.ts";
import { circuitsPerPeerMax, detourTimeoutMs } from "../../../src/network/limits.ts";
import { mailProtocols } from "../../../src/network/mail/mail.ts";
import { encodeMap } from "../../../src/network/wire/cbor.ts";
import { closed, Rogue } from "../rogue.ts";
import { crypto, enroll, type Founded, found, memberOf, Station, sound } from "../swarm.ts";

const open: { close(): Promise<unknown> }[] = [];
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  for (const server of servers.splice(0)) server.close();
});

const forever = new AbortController().signal;

async function rogue(founded: Founded, listen: readonly string[] = []): Promise<Rogue> {
  const made = await Rogue.start(founded, listen);
  open.push({ close: () => made.stop() });
  return made;
}

/** A local program on a free port. */
async function program(take: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, take).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP port");
  return address.port;
}

/** An address where nobody listens. */
async function deserted(): Promise<string> {
  return `/ip4/127.0.0.1/tcp/${await freePort()}`;
}

/** Two that do not reach each other, and one in between that both have a session with. */
async function line(): Promise<readonly [left: Station, middle: Station, right: Station]> {
  const founded = found();
  const names = ["left", "right"] as const;
  const middle = await new Station(founded).open();
  const [left, right] = await Promise.all(names.map((name) => new Station(enroll(founded, name)).open()));
  if (left === undefined || right === undefined) throw new Error("Two of them");
  open.push(left, middle, right);
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    one.know(middle);
    one.knowledge.add(memberOf(other.founded, [await deserted()]));
    one.dial(middle);
    await one.input("connected");
    await middle.input("connected", ({ peer }) => peer === one.agent);
  }
  return [left, middle, right];
}

/** The same with a session between the ends, through the middle. */
async function circuit(): Promise<readonly [left: Station, middle: Station, right: Station]> {
  const stations = await line();
  const [left, , right] = stations;
  await meet(left, right);
  return stations;
}

/** Dials until there is a session: a search that a busy machine held up has failed, and a mind dials again. */
async function meet(left: Station, right: Station): Promise<void> {
  const resultOf = (): boolean =>
    left.inputs.some((input) => input.type === "dialed" && input.peer === right.agent);
  const isMet = (): boolean =>
    left.inputs.some((input) => input.type === "connected" && input.peer === right.agent);
  while (!isMet()) {
    left.inputs.splice(0, left.inputs.length, ...left.inputs.filter(({ type }) => type !== "dialed"));
    dialKnown(left, right);
    // The result waits for the search half a second at most, and the search goes on behind it.
    await expect.poll(resultOf).toBe(true);
    await expect
      .poll(isMet, { timeout: 2 * detourTimeoutMs })
      .toBe(true)
      .catch(() => undefined);
  }
  await right.input("connected", ({ peer }) => peer === left.agent);
}

function evictionOf(founder: Founded, { certificate }: Founded): VerifiedEviction {
  const eviction = {
    v: 1,
    type: "eviction",
    swarm: certificate.certificate.swarm,
    agent: certificate.agent,
    signer: toHex(founder.key.publicKey),
    keeps: [],
    reason: "lost",
  } as const;
  const wire = { chain: certificate.chain, eviction: sealEviction(eviction, founder.key) };
  return sound(verifyEviction(wire, founder.charter, crypto));
}

/** Dials at the addresses that the station knows, as a mind would. */
function dialKnown(station: Station, other: Station): void {
  const member = station.knowledge.members().find(({ certificate }) => certificate.agent === other.agent);
  station.network.dial(other.agent, member?.entry.entry.addresses ?? [], "session", 30_000);
}

test("a peer that cannot be reached is reached through another", async () => {
  const [left, middle, right] = await line();
  await meet(left, right);
  expect(left.network.relayed()).toEqual([{ peer: right.agent, by: middle.agent }]);
  expect(right.network.relayed()).toEqual([{ peer: left.agent, by: middle.agent }]);
  expect(middle.network.relayed()).toEqual([]);
  const message = { type: "probeRequest", sequence: 1, subject: middle.agent } as const;
  left.network.send(right.agent, message);
  expect(await right.input("message")).toEqual({ type: "message", from: left.agent, message });
});

test("bytes of a route, and more of them than any buffer holds, go through", async () => {
  const [left, , right] = await circuit();
  const port = await program((socket) => socket.pipe(socket));
  right.network.serve([{ name: "echo", port }]);
  const duplex = await left.network.openRoute(right.agent, "echo", forever);
  const bytes = Buffer.alloc(4 * 1_048_576, "0123456789abcdef");
  const answer = buffer(duplex);
  duplex.end(bytes);
  expect((await answer).equals(bytes)).toBe(true);
});

test("gossip goes through", async () => {
  const [left, middle, right] = await circuit();
  // What the one in between does not forward comes over the circuit alone.
  const members = [memberOf(left.founded, [], 2)];
  const publish = () => left.network.publishRumor({ type: "members", members });
  const again = setInterval(publish, 50);
  const rumor = await right
    .input("rumor", ({ from }) => from === left.agent)
    .finally(() => clearInterval(again));
  expect(rumor).toEqual({ type: "rumor", from: left.agent, rumor: { type: "members", members } });
  expect(middle.network.relayed()).toEqual([]);
});

test("a session goes back to the direct link, and no route breaks over it", async () => {
  const [left, middle, right] = await circuit();
  const port = await program((socket) => socket.pipe(socket));
  right.network.serve([{ name: "echo", port }]);
  const duplex = await left.network.openRoute(right.agent, "echo", forever);
  const read = duplex[Symbol.asyncIterator]();
  left.clear();
  right.clear();
  left.know(right);
  await expect.poll(() => [...left.network.relayed(), ...right.network.relayed()]).toEqual([]);
  duplex.write("still here");
  expect((await read.next()).value.toString()).toBe("still here");
  const message = { type: "probeRequest", sequence: 2, subject: middle.agent } as const;
  left.network.send(right.agent, message);
  await right.input("message");
  const told = [...left.inputs, ...right.inputs].map(({ type }) => type);
  expect(told).toEqual(["message"]);
  // The circuit is not needed: without its relay everything goes on.
  duplex.destroy();
  await middle.close();
  await left.input("disconnected", ({ peer }) => peer === middle.agent);
  left.network.send(right.agent, { ...message, sequence: 3 });
  await right.input("message", ({ message }) => message.type === "probeRequest" && message.sequence === 3);
  expect(left.inputs.filter((input) => input.type === "disconnected" && input.peer === right.agent)).toEqual(
    [],
  );
});

test("without its relay a relayed session is over", async () => {
  const [left, middle, right] = await circuit();
  await middle.close();
  await left.input("disconnected", ({ peer }) => peer === right.agent);
  await right.input("disconnected", ({ peer }) => peer === left.agent);
  await left.input("disconnected", ({ peer }) => peer === middle.agent);
});

test("a fresh dial is evidence of the direct link alone", async () => {
  const [left, , right] = await circuit();
  left.clear();
  left.network.dial(right.agent, [await deserted()], "fresh", 30_000);
  expect((await left.input("dialed")).result).toBe("refused");
});

test("a dead peer is looked for seldom", async () => {
  const [left, middle, right] = await line();
  await right.close();
  await middle.input("disconnected", ({ peer }) => peer === right.agent);
  for (let times = 0; times < 2; times += 1) {
    left.clear();
    dialKnown(left, right);
    expect((await left.input("dialed")).result).toBe("refused");
  }
});

test("a stranger is relayed to nobody", async () => {
  const [, middle, right] = await line();
  const stranger = await rogue(found());
  const connection = await stranger.connect(middle);
  await expect(stranger.throughTo(connection, right)).rejects.toThrow();
  expect(middle.events.concat(right.events)).toEqual([]);
  expect(right.inputs.filter(({ type }) => type === "connected")).toHaveLength(1);
});

test("a stranger that a member relays gets hello and nothing else", async () => {
  const [, middle, right] = await line();
  const member = await rogue(enroll(middle.founded, "accomplice"), ["/ip4/127.0.0.1/tcp/0"]);
  const connected = await member.connect(right);
  await member.hello(connected);
  member.relaying.opened(connected.remotePeer);
  const stranger = await rogue(found());
  const connection = await stranger.node.libp2p.dial(member.node.libp2p.getMultiaddrs());
  const circuit = await stranger.throughTo(connection, right);
  for (const protocol of [...Object.values(mailProtocols).flat(), "/meshsub/1.2.0"]) {
    const stream = await circuit.newStream(protocol, { runOnLimitedConnection: true });
    await closed(stream);
    expect([protocol, stream.status]).toEqual([protocol, "reset"]);
  }
  await closed(circuit);
});

test("who was evicted gets no session through a relay that has not heard of it", async () => {
  const [, middle, right] = await line();
  const evicted = await rogue(enroll(middle.founded, "evicted"));
  right.knowledge.evictions.set(
    evicted.founded.certificate.agent,
    evictionOf(middle.founded, evicted.founded),
  );
  const connection = await evicted.connect(middle);
  await evicted.hello(connection);
  const circuit = await evicted.throughTo(connection, right);
  const hello = encodeMap({ type: "hello", ...memberWire(memberOf(evicted.founded, [])) });
  const answer = await evicted.strangeHello(circuit, hello);
  expect(Buffer.from(answer).toString("latin1")).toContain("evicted");
  await closed(circuit);
});

test("one peer cannot take up a relay", async () => {
  const [, middle, right] = await line();
  const greedy = await rogue(enroll(middle.founded, "greedy"));
  const connection = await greedy.connect(middle);
  await greedy.hello(connection);
  const asked = Array.from({ length: circuitsPerPeerMax + 4 }, () => greedy.throughTo(connection, right));
  const results = await Promise.allSettled(asked);
  const got = results.filter(({ status }) => status === "fulfilled");
  expect(got.length).toBeLessThanOrEqual(circuitsPerPeerMax);
  expect(got.length).toBeGreaterThan(0);
});
