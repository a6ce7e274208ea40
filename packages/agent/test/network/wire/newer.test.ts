import { randomBytes } from "node:crypto";
import { memberWire } from "@antibody/core";
import { lpStream } from "@libp2p/utils";
import { encode } from "cborg";
import { afterEach, expect, test } from "vitest";
import { gossipTopics } from "../../../src/network/gossip/gossip.ts";
import { TokenBucket } from "../../../src/network/limiter.ts";
import { frameBytesMax, ignoredKindsMax } from "../../../src/network/limits.ts";
import { readMessages } from "../../../src/network/mail/inbox.ts";
import { mailProtocols } from "../../../src/network/mail/mail.ts";
import { helloProtocol } from "../../../src/network/sessions/hello.ts";
import { decodeMap, encodeMap } from "../../../src/network/wire/cbor.ts";
import { Ignored } from "../../../src/network/wire/ignored.ts";
import { Rogue, sendMessage } from "../rogue.ts";
import { enroll, found, memberOf, Station } from "../swarm.ts";

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** An agent, and an enrolled peer of another version in the test's hands, with a session. */
async function world() {
  const founded = found();
  const station = await new Station(founded).open();
  const peer = await Rogue.start(enroll(founded, "peer"));
  open.push(station, { close: () => peer.stop() });
  const connection = await peer.connect(station);
  return { station, peer, connection };
}

const report = { type: "probeReport", sequence: 1, subject: new Uint8Array(32), answered: true };
const [newest, oldest] = mailProtocols.probe;

test("a newer peer says what it likes: what is not known is counted and told once, the rest is heard", async () => {
  const { station, peer, connection } = await world();
  await peer.hello(connection);
  const stream = await connection.newStream([...mailProtocols.probe]);
  const greet = { type: "greet", mood: "fair" };
  const said = [greet, greet, { ...report, mood: "fair" }, greet].map((fields) => encodeMap(fields));
  for (const message of [...said, encode({ ...report, v: 2 })]) sendMessage(stream, message);
  sendMessage(stream, encodeMap({ ...report, sequence: 2 }));
  await station.input("message", ({ message }) => message.type === "probeReport" && message.sequence === 2);
  const from = peer.founded.certificate.agent;
  expect(station.network.ignored()).toEqual([
    { kind: "message greet", from, count: 3 },
    { kind: "mood of message probeReport", from, count: 1 },
    { kind: "message probeReport of version 2", from, count: 1 },
  ]);
  const told = station.events.map(({ name, fields }) => [name, fields["kind"]]);
  expect(told).toEqual(station.network.ignored().map(({ kind }) => ["network.ignored", kind]));
  expect(station.inputs.filter(({ type }) => type === "message")).toHaveLength(2);
});

test("a rumor of a kind that is not known ends here, and costs its sender nothing", async () => {
  const { station, peer, connection } = await world();
  await peer.hello(connection);
  await station.input("connected");
  await peer.attachGossip(connection);
  const { health } = gossipTopics(station.founded.charter.swarm);
  const say = () => peer.node.gossip?.publish(health, encodeMap({ type: "moods", nonce: randomBytes(8) }));
  // The streams of gossip stand a moment after the session does.
  const again = setInterval(() => void say()?.catch(() => undefined), 50);
  open.push({ close: async () => clearInterval(again) });
  expect((await station.event("network.ignored")).fields["kind"]).toBe("rumor moods");
  expect(station.inputs.filter(({ type }) => type === "disconnected")).toEqual([]);
});

test("a hello may say more than is known here", async () => {
  const { station, peer, connection } = await world();
  const wire = lpStream(await connection.newStream(helloProtocol));
  const own = memberWire(memberOf(peer.founded, []));
  await wire.write(encodeMap({ type: "hello", ...own, moods: ["fair"] }));
  expect(decodeMap((await wire.read()).slice())?.["type"]).toBe("hello");
  await wire.write(encodeMap({ type: "welcome", mood: "fair" }));
  await station.input("connected");
});

test("the highest protocol of both is spoken, and an older peer hears nothing that it does not know", async () => {
  const { station, peer, connection } = await world();
  const heard: (readonly [protocol: string, type: unknown])[] = [];
  await peer.node.libp2p.handle(oldest, (stream) => {
    const bucket = () => new TokenBucket(1_000, 1_000);
    void readMessages(stream, {
      ...{ messageBytesMax: frameBytesMax, messages: bucket(), bytes: bucket() },
      handle: (bytes) => void heard.push([stream.protocol, decodeMap(bytes)?.["type"]]),
    }).catch(() => undefined);
  });
  await peer.hello(connection);
  const { peer: to } = await station.input("connected");
  station.network.send(to, { type: "leaseRelease", role: "role:a", epoch: 1 });
  station.network.send(to, { type: "probeRequest", sequence: 7, subject: to });
  expect(await station.input("unsent")).toEqual({ type: "unsent", to, message: "leaseRelease" });
  await expect.poll(() => heard).toEqual([[oldest, "probeRequest"]]);
  // The other way round.
  const stream = await connection.newStream([oldest]);
  sendMessage(stream, encodeMap(report));
  await station.input("message");
  expect((await connection.newStream([newest, oldest])).protocol).toBe(newest);
});

test("kinds that are told apart have a bound, and none is counted as none", () => {
  const ignored = new Ignored();
  const { agent } = found().certificate;
  for (let index = 0; index < 2 * ignoredKindsMax; index += 1) ignored.add(agent, `message kind${index}`);
  const list = ignored.list();
  expect(list).toHaveLength(ignoredKindsMax);
  expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(2 * ignoredKindsMax);
});
