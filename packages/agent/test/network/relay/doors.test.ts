import { addressesMax } from "@antibody/core";
import { isRejection } from "@antibody/policy";
import { RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC } from "@libp2p/circuit-relay-v2";
import type { Connection } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { JoinError, joinSwarm, parseInviteCode } from "../../../src/network/index.ts";
import { formatInviteCode, type Invite } from "../../../src/network/joining/inviteCode.ts";
import { encodeJoinRequest, joinProtocol, nonceCommitment } from "../../../src/network/joining/joinWire.ts";
import { doorStrangersPerHostMax, inviteCodeCharactersMax } from "../../../src/network/limits.ts";
import { mailProtocols } from "../../../src/network/mail/mail.ts";
import { hopReserve, isGranted } from "../../../src/network/relay/hopWire.ts";
import { routeProtocol } from "../../../src/network/routes/routes.ts";
import { generateKey } from "../../../src/state/keyFile.ts";
import { closed, Rogue } from "../rogue.ts";
import { crypto, enroll, type Founded, found, Station, sound } from "../swarm.ts";

// Everything here is on one host: without its networks, each is on a network of its own.
vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  networkInterfaces: () => ({}),
}));

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** An inviter that has dialed a relay, and that nobody dials. */
async function world(): Promise<readonly [relay: Station, inviter: Station]> {
  const founded = found();
  const relay = await new Station(founded).open();
  const inviter = await new Station(enroll(founded, "inviter")).open();
  open.push(relay, inviter);
  inviter.know(relay);
  inviter.dial(relay);
  await Promise.all([relay.input("connected"), inviter.input("connected")]);
  return [relay, inviter];
}

async function rogue(founded: Founded): Promise<Rogue> {
  const made = await Rogue.start(founded);
  open.push({ close: () => made.stop() });
  return made;
}

/** An invite as its code says it. */
async function invite(inviter: Station): Promise<Invite> {
  const { code } = await inviter.network.invite({ expiresInMs: 60_000, mayInvite: false });
  expect(code.length).toBeLessThanOrEqual(inviteCodeCharactersMax);
  return sound(parseInviteCode(code, crypto));
}

const join = (said: Invite, name = "joiner") =>
  joinSwarm({
    ...{ code: formatInviteCode(said, crypto), key: generateKey(), name },
    ...{ crypto, build: "test", mdns: false },
  });

/** Asks whether a relay opens a door to who has this connection with it. */
async function reserve(connection: Connection): Promise<boolean> {
  const wire = lpStream(await connection.newStream(RELAY_V2_HOP_CODEC));
  await wire.write(hopReserve);
  return isGranted((await wire.read()).slice());
}

test("who holds an invite joins through a relay where the inviter cannot be dialed", async () => {
  const [, inviter] = await world();
  const said = await invite(inviter);
  const addresses = said.addresses.filter((address) => address.endsWith("/p2p-circuit"));
  expect(addresses).toHaveLength(1);
  const joined = await join({ ...said, addresses });
  expect(joined.certificate.lineage).toContain(inviter.agent);
  const told = await inviter.event("network.enrolled");
  expect(told.fields).toMatchObject({ peer: joined.certificate.agent, sas: joined.sas });
  // Good once, over a circuit as well.
  await expect(join({ ...said, addresses }, "another")).rejects.toThrow("already used");
});

test("a stranger at a door gets hello and join, and comes to nobody else", async () => {
  const [relay, inviter] = await world();
  const stranger = await rogue(found());
  const connection = await stranger.connect(relay);
  await expect(stranger.throughTo(connection, inviter)).rejects.toThrow();
  const { swarm } = await invite(inviter);
  const bystander = await rogue(enroll(relay.founded, "bystander"));
  await bystander.hello(await bystander.connect(relay));
  const asking = await stranger.connect(relay);
  const { key } = bystander.founded;
  const target = { founded: { key } } as Station;
  await expect(stranger.throughTo(asking, target)).rejects.toThrow();
  const circuit = await stranger.throughTo(await stranger.connect(relay), inviter);
  const others = [...Object.values(mailProtocols).flat(), routeProtocol, "/meshsub/1.2.0", "/ipfs/id/1.0.0"];
  for (const protocol of [...others, RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC]) {
    const stream = await circuit.newStream(protocol, { runOnLimitedConnection: true });
    await closed(stream);
    expect([protocol, stream.status]).toEqual([protocol, "reset"]);
  }
  const wire = lpStream(await circuit.newStream(joinProtocol, { runOnLimitedConnection: true }));
  const commitment = nonceCommitment(crypto, new Uint8Array(16));
  const request = { swarm, secret: new Uint8Array(16), name: "guess", commitment };
  await wire.write(encodeJoinRequest(request));
  expect(Buffer.from((await wire.read()).slice()).toString("latin1")).toContain("unknown");
  expect(inviter.inputs.filter(({ type }) => type === "enrolled")).toEqual([]);
});

test("a stranger opens no door, and one host holds few of them open", async () => {
  const [relay, inviter] = await world();
  await invite(inviter);
  const stranger = await rogue(found());
  const connection = await stranger.connect(relay);
  expect(await reserve(connection)).toBe(false);
  const asked = Array.from({ length: doorStrangersPerHostMax + 3 }, () =>
    stranger.throughTo(connection, inviter),
  );
  const got = (await Promise.allSettled(asked)).filter(({ status }) => status === "fulfilled");
  expect(got.length).toBeGreaterThan(0);
  expect(got.length).toBeLessThanOrEqual(doorStrangersPerHostMax);
});

test("a door is gone with the session of who asked for it", async () => {
  const [relay, inviter] = await world();
  await invite(inviter);
  await inviter.close();
  await relay.input("disconnected");
  const stranger = await rogue(found());
  const connection = await stranger.connect(relay);
  await expect(stranger.throughTo(connection, inviter)).rejects.toThrow();
});

test("an inviter that no relay helps is named with the ways that were tried", async () => {
  const [relay, inviter] = await world();
  const said = await invite(inviter);
  await relay.close();
  const addresses = said.addresses.filter((address) => address.endsWith("/p2p-circuit"));
  const failed = await join({ ...said, addresses }).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(JoinError);
  expect(failed).toMatchObject({ code: "unreachable", message: expect.stringContaining("/p2p-circuit") });
});

test("a code with relays has room for the addresses of its inviter, and no more than a code may have", async () => {
  const [, inviter] = await world();
  const said = await invite(inviter);
  expect(said.addresses.length).toBeLessThanOrEqual(addressesMax);
  expect(said.addresses[0]).toBe(inviter.network.addresses()[0]);
  const older = parseInviteCode(formatInviteCode(said, crypto), crypto);
  expect(isRejection(older)).toBe(false);
});

test("any answer of a relay is read, and only its word is a word", () => {
  const denied = Uint8Array.of(0x08, 0x02, 0x28, 0xca, 0x01);
  const granted = Uint8Array.of(0x08, 0x02, 0x1a, 0x02, 0x28, 0x65, 0x28, 0x64);
  expect([denied, granted].map(isGranted)).toEqual([false, true]);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => typeof isGranted(bytes) === "boolean"));
});
