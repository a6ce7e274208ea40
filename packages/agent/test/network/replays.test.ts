import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { memberWire } from "@antibody/core";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, expect, test } from "vitest";
import { joinProtocol } from "../../src/network/joining/joinWire.ts";
import { mailProtocols } from "../../src/network/mail/mail.ts";
import { routeProtocol } from "../../src/network/routes/routes.ts";
import { encodeMap } from "../../src/network/wire/cbor.ts";
import { closed, Rogue } from "./rogue.ts";
import { enroll, evictionOf, found, memberOf, Station } from "./swarm.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

function portOf({ network }: Station): number {
  return Number(network.addresses()[0]?.split("/").at(-1));
}

/** Somebody on the way to a station who hears all that is said to it. */
async function eavesdropper(station: Station): Promise<{ readonly address: string; heard(): Buffer }> {
  const said: Buffer[] = [];
  const server: Server = createServer((socket) => {
    const through = connect(portOf(station), "127.0.0.1");
    socket.on("data", (bytes: Buffer) => said.push(bytes));
    socket.pipe(through).pipe(socket);
    for (const end of [socket, through]) end.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  open.push({ close: () => server.close() });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP port");
  return { address: `/ip4/127.0.0.1/tcp/${address.port}`, heard: () => Buffer.concat(said) };
}

test("a recorded session that is played again is heard by nobody", async () => {
  const founded = found();
  const station = await new Station(founded).open();
  const peer = await new Station(enroll(founded, "peer")).open();
  open.push(station, peer);
  const { address, heard } = await eavesdropper(station);
  peer.know(station);
  peer.network.dial(station.agent, [address], "session", 30_000);
  await station.input("connected");
  const { agent: subject } = peer;
  peer.network.send(station.agent, { type: "probeRequest", sequence: 1, subject });
  await station.input("message");
  peer.network.publishRumor({ type: "members", members: [memberOf(peer.founded, [], 2)] });
  await station.input("rumor");
  const recorded = heard();
  await peer.close();
  await station.input("disconnected");
  station.clear();
  for (const chunks of [1, 20]) {
    const socket = connect(portOf(station), "127.0.0.1");
    const size = Math.ceil(recorded.length / chunks);
    for (let at = 0; at < recorded.length; at += size) socket.write(recorded.subarray(at, at + size));
    // The first answer is another than it was: what follows fits it no more.
    await new Promise<void>((resolve) =>
      socket
        .resume()
        .on("error", () => undefined)
        .on("close", () => resolve()),
    );
  }
  expect(station.inputs).toEqual([]);
});

test("who was evicted gets nothing by its certificate but the eviction, whatever it tries", async () => {
  const founded = found();
  const station = await new Station(founded).open();
  const thief = await Rogue.start(enroll(founded, "thief"));
  open.push(station, { close: () => thief.stop() });
  station.knowledge.evictions.set(thief.founded.certificate.agent, evictionOf(founded, thief.founded));
  const [address] = station.network.addresses();
  // Every connection is its own: nothing of one counts on the next.
  const fresh = () =>
    thief.node.dial(multiaddr(address), { signal: AbortSignal.timeout(30_000), accepted: () => undefined });
  const hello = encodeMap({ type: "hello", ...memberWire(memberOf(thief.founded, [], 9)) });
  const answer = await thief.strangeHello(await fresh(), hello);
  expect(Buffer.from(answer).toString("latin1")).toContain("evicted");
  const protocols = [...Object.values(mailProtocols).flat(), routeProtocol, joinProtocol, "/meshsub/1.2.0"];
  const connection = await fresh();
  for (const protocol of protocols) {
    const stream = await connection.newStream(protocol);
    await closed(stream);
    expect([protocol, stream.status]).toEqual([protocol, "reset"]);
  }
  // As whom it has a certificate of, and no key.
  const other = enroll(founded, "other");
  const asOther = encodeMap({ type: "hello", ...memberWire(memberOf(other, [])) });
  expect(Buffer.from(await thief.strangeHello(await fresh(), asOther)).toString("latin1")).toContain(
    "unknownKey",
  );
  expect(station.inputs).toEqual([]);
});
