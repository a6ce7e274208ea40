import { isRejection, makeId } from "@antibody/policy";
import { lpStream } from "@libp2p/utils";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { JoinError, joinSwarm, memoryInviteBook, parseInviteCode } from "../../../src/network/index.ts";
import { formatInviteCode } from "../../../src/network/joining/inviteCode.ts";
import {
  decodeJoinChallenge,
  encodeJoinRequest,
  encodeJoinReveal,
  type JoinTranscript,
  joinProtocol,
  nonceCommitment,
  shortAuthenticationString,
} from "../../../src/network/joining/joinWire.ts";
import { decodeMap } from "../../../src/network/wire/cbor.ts";
import { generateKey } from "../../../src/state/keyFile.ts";
import { Rogue } from "../rogue.ts";
import { crypto, enroll, type Founded, found, Station, sound } from "../swarm.ts";

const open: Station[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((station) => station.close()));
});

async function inviter(founded: Founded = found()): Promise<Station> {
  const station = await new Station(founded).open();
  open.push(station);
  return station;
}

const join = (code: string, name = "joiner", key = generateKey()) =>
  joinSwarm({ code, key, name, crypto, build: "test", timeoutMs: 30_000 });

/** The code of the JoinError that a join ends with. */
async function failure(joining: Promise<unknown>): Promise<JoinError> {
  const error: unknown = await joining.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof JoinError) return error;
  throw new Error(`not a JoinError: ${String(error)}`);
}

test("who holds a code becomes a member, and both sides show the same digits", async () => {
  const station = await inviter();
  const { code } = await station.network.invite({ expiresInMs: 60_000, mayInvite: false });
  const key = generateKey();
  const joined = await join(code, "kitchen", key);
  expect(joined.charter.swarm).toBe(station.founded.charter.swarm);
  expect(joined.certificate.publicKey).toEqual(key.publicKey);
  expect(joined.certificate.certificate).toMatchObject({ name: "kitchen", serial: 1, mayInvite: false });
  expect(joined.members.map((member) => member.certificate.agent)).toEqual([station.agent]);
  const { member } = await station.input("enrolled");
  expect(member.certificate.agent).toBe(joined.certificate.agent);
  expect(member.entry.entry).toMatchObject({ status: "away", incarnation: [1, 0, 0] });
  const told = await station.event("network.enrolled");
  expect(told.fields).toMatchObject({
    peer: joined.certificate.agent,
    name: "kitchen",
    sas: joined.sas,
  });
  // In every line of the log `agent` is who tells it.
  expect(told.fields).not.toHaveProperty("agent");
  expect(joined.sas).toMatch(/^\d{6}$/);
});

test("a new member can open its own network with what it got", async () => {
  const station = await inviter();
  const { code } = await station.network.invite({ expiresInMs: 60_000, mayInvite: true });
  const key = generateKey();
  const { charter, certificate, members } = await join(code, "kitchen", key);
  const kitchen = await inviter({ charter, certificate, key });
  for (const member of members) kitchen.knowledge.add(member);
  kitchen.dial(station);
  expect((await kitchen.input("dialed")).result).toBe("connected");
});

test("a code is good once; the one who used it may ask again", async () => {
  const station = await inviter();
  const { code } = await station.network.invite({ expiresInMs: 60_000, mayInvite: true });
  const key = generateKey();
  const first = await join(code, "kitchen", key);
  expect((await failure(join(code, "cellar"))).code).toBe("used");
  const again = await join(code, "kitchen", key);
  expect(again.certificate.chain).toEqual(first.certificate.chain);
});

test("two at once with one code: one joins", async () => {
  const station = await inviter();
  const { code } = await station.network.invite({ expiresInMs: 60_000, mayInvite: true });
  const results = await Promise.allSettled([join(code, "kitchen"), join(code, "cellar")]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

test("an expired code, a foreign secret, and an inviter without invites", async () => {
  const station = await inviter();
  expect((await failure(join(await codeWithoutInvite(station)))).code).toBe("closed");
  const { code: expired } = await station.network.invite({ expiresInMs: 0, mayInvite: true });
  expect((await failure(join(expired))).code).toBe("expired");
  expect((await failure(join(await codeWithoutInvite(station)))).code).toBe("unknown");
});

test("a code of another swarm", async () => {
  const station = await inviter();
  const invite = sound(
    parseInviteCode((await station.network.invite({ expiresInMs: 60_000, mayInvite: true })).code, crypto),
  );
  const { swarm } = found().charter;
  expect((await failure(join(formatInviteCode({ ...invite, swarm }, crypto)))).code).toBe("wrongSwarm");
});

test("a name that is taken, or none, leaves the invite open", async () => {
  const station = await inviter();
  const { code } = await station.network.invite({ expiresInMs: 60_000, mayInvite: true });
  expect((await failure(join(code, "founder"))).code).toBe("nameTaken");
  expect((await failure(join(code, ""))).code).toBe("badName");
  expect((await failure(join(code, "evil\u001b[2J"))).code).toBe("badName");
  expect((await join(code, "kitchen")).certificate.certificate.name).toBe("kitchen");
});

/** A joiner's first two moves, and what the inviter says to them; undefined where it resets the stream. */
async function revealing(
  rogue: Rogue,
  station: Station,
  code: string,
  nonces: readonly [Uint8Array, Uint8Array],
) {
  const { swarm, secret } = sound(parseInviteCode(code, crypto));
  const [committed, revealed] = nonces;
  const wire = lpStream(await (await rogue.connect(station)).newStream(joinProtocol));
  const commitment = nonceCommitment(crypto, committed);
  await wire.write(encodeJoinRequest({ swarm, secret, name: "kitchen", commitment }));
  const challenge = sound(decodeJoinChallenge((await wire.read()).slice()));
  if (challenge.type === "refused") return challenge;
  await wire.write(encodeJoinReveal(revealed));
  return wire.read().then(
    (answer) => decodeMap(answer.slice()),
    () => undefined,
  );
}

test("a nonce chosen after the inviter's is found out, and a few such tries close the invite", async () => {
  const station = await inviter();
  const { code } = await station.network.invite({ expiresInMs: 60_000, mayInvite: false });
  const rogue = await Rogue.start(found());
  const honest = new Uint8Array(16).fill(1);
  const other = new Uint8Array(16).fill(2);
  for (let tries = 0; tries < 8; tries += 1) {
    expect(await revealing(rogue, station, code, [honest, other])).toBeUndefined();
  }
  expect(await revealing(rogue, station, code, [honest, honest])).toMatchObject({ reason: "tooOften" });
  await rogue.stop();
  expect((await failure(join(code))).code).toBe("tooOften");
  expect(station.inputs.filter(({ type }) => type === "enrolled")).toEqual([]);
});

test("the digits depend on all that both sides have seen", () => {
  const seen: JoinTranscript = {
    swarm: makeId("swarm", new Uint8Array(32).fill(6)),
    inviter: new Uint8Array(32).fill(1),
    joiner: new Uint8Array(32).fill(2),
    secret: new Uint8Array(16).fill(3),
    inviterNonce: new Uint8Array(16).fill(4),
    joinerNonce: new Uint8Array(16).fill(5),
  };
  const others = [
    { swarm: makeId("swarm", new Uint8Array(32).fill(9)) },
    { inviter: new Uint8Array(32).fill(9) },
    { joiner: new Uint8Array(32).fill(9) },
    { secret: new Uint8Array(16).fill(9) },
    { inviterNonce: new Uint8Array(16).fill(9) },
    { joinerNonce: new Uint8Array(16).fill(9) },
  ];
  const digits = others.map((change) => shortAuthenticationString(crypto, { ...seen, ...change }));
  expect(new Set([shortAuthenticationString(crypto, seen), ...digits]).size).toBe(others.length + 1);
});

test("an inviter that is gone is named with its address", async () => {
  const station = await inviter();
  const { code } = await station.network.invite({ expiresInMs: 60_000, mayInvite: true });
  const addresses = station.network.addresses();
  await station.close();
  const error = await failure(join(code));
  expect(error.code).toBe("unreachable");
  expect(error.message).toContain(addresses[0]);
});

test("who may not invite opens no invite", async () => {
  const founded = found();
  const member = enroll(founded, "guest", false);
  const station = await inviter(member);
  await expect(station.network.invite({ expiresInMs: 60_000, mayInvite: true })).rejects.toThrow(
    "may not invite",
  );
});

test("a book forgets nothing that was used, and closes with the clock", () => {
  let nowMs = 0;
  const book = memoryInviteBook(() => nowMs);
  expect(book.isEmpty()).toBe(true);
  book.open({ secretDigest: "a", expiresInMs: 100, mayInvite: true, replaces: undefined });
  expect(book.state("a")).toEqual({ type: "open", mayInvite: true });
  nowMs = 99;
  book.use("a", "key", []);
  nowMs = 100;
  expect(book.state("a")).toEqual({ type: "used", key: "key", chain: [] });
  book.open({ secretDigest: "b", expiresInMs: 100, mayInvite: true, replaces: undefined });
  nowMs = 200;
  expect(book.state("b")).toEqual({ type: "expired" });
  expect(book.state("c")).toEqual({ type: "unknown" });
  expect(() => book.use("a", "other", [])).toThrow();
});

const invites = fc.record({
  swarm: fc.constant(found().charter.swarm),
  inviter: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  addresses: fc.array(fc.string({ maxLength: 64 }), { maxLength: 4 }),
  secret: fc.uint8Array({ minLength: 16, maxLength: 16 }),
});

test("a code says what its invite says, whatever a terminal does to it", () => {
  fc.assert(
    fc.property(invites, fc.nat(), (invite, at) => {
      const code = formatInviteCode(invite, crypto);
      expect(parseInviteCode(code, crypto)).toEqual(invite);
      const place = at % code.length;
      const broken = ` ${code.slice(0, place)}\n  ${code.slice(place).toUpperCase()}\n`;
      expect(parseInviteCode(broken, crypto)).toEqual(invite);
    }),
  );
});

test("a slip in a code is noticed", () => {
  fc.assert(
    fc.property(
      invites,
      fc.nat(),
      fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567"),
      (invite, at, letter) => {
        const code = formatInviteCode(invite, crypto);
        const place = 7 + (at % (code.length - 7));
        fc.pre(code[place] !== letter);
        expect(
          isRejection(parseInviteCode(code.slice(0, place) + letter + code.slice(place + 1), crypto)),
        ).toBe(true);
        expect(isRejection(parseInviteCode(code.slice(0, place), crypto))).toBe(true);
      },
    ),
  );
});

test("any text is a code or a rejection", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `invite_${text}`),
      ),
      (text) => {
        expect(isRejection(parseInviteCode(text, crypto))).toBe(true);
      },
    ),
  );
});

/** A code that the station never gave out. */
async function codeWithoutInvite(station: Station): Promise<string> {
  const secret = globalThis.crypto.getRandomValues(new Uint8Array(16));
  const { charter, key } = station.founded;
  const invite = {
    swarm: charter.swarm,
    inviter: key.publicKey,
    addresses: station.network.addresses(),
    secret,
  };
  return formatInviteCode(invite, crypto);
}
