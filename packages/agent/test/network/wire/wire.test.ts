import type { HealthRumor, Member, PeerMessage } from "@antibody/core";
import { makeId, parseStreamName, type StreamName, toHex, type VerifiedPolicy } from "@antibody/policy";
import { encode } from "cborg";
import fc from "fast-check";
import { expect, test } from "vitest";
import { assembledBytesMax, frameBytesMax } from "../../../src/network/limits.ts";
import { framesOf } from "../../../src/network/mail/outbox.ts";
import { decodeMap, encodeMap } from "../../../src/network/wire/cbor.ts";
import { encodeMessage, encodeRumor, encodeWire, type WireMessage } from "../../../src/network/wire/wire.ts";
import { decodeMessage, decodeRumor, type Read } from "../../../src/network/wire/wireDecode.ts";

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const agent = digest.map((bytes) => makeId("agent", bytes));
const fragment = digest.map((bytes) => makeId("frag", bytes));
const author = digest.map((bytes) => makeId("author", bytes));
const short = fc.uint8Array({ minLength: 8, maxLength: 8 }).map(toHex);
const count = fc.nat();
const incarnation = fc.tuple(count, count, count);
const envelope = fc.uint8Array({ minLength: 1, maxLength: 300 });
const envelopes = fc.array(envelope, { minLength: 1, maxLength: 8 });
const digests = fc.record({ members: short, policy: short });
const stream = fc.constantFrom("home", "a", "garden-2").map((name): StreamName => {
  const parsed = parseStreamName(name);
  if (parsed === undefined) throw new Error("A name");
  return parsed;
});
const heads = fc.record({
  ids: fc.array(fragment, { maxLength: 20 }),
  streams: fc.array(
    fc.record({
      author,
      stream,
      version: fc.record({ epoch: count, generation: count }),
      manifest: fragment,
    }),
    { maxLength: 5 },
  ),
});
const member = fc.record({ chain: envelopes, entry: envelope });
const death = fc.record({ subject: agent, incarnation, votes: envelopes });

const message: fc.Arbitrary<WireMessage> = fc.oneof(
  fc.record(
    {
      type: fc.constant("probe" as const),
      sequence: count,
      digests,
      accusation: fc.record({ incarnation }),
    },
    { requiredKeys: ["type", "sequence", "digests"] },
  ),
  fc.record({ type: fc.constant("ack" as const), sequence: count, digests, incarnation }),
  fc.record({ type: fc.constant("probeRequest" as const), sequence: count, subject: agent }),
  fc.record({
    type: fc.constant("probeReport" as const),
    sequence: count,
    subject: agent,
    answered: fc.boolean(),
  }),
  fc.record({ type: fc.constant("votes" as const), votes: envelopes }),
  fc.record({
    type: fc.constant("digest" as const),
    buckets: fc.array(fc.oneof(short, fc.constant("")), { maxLength: 256 }),
    policy: heads,
  }),
  fc.record({
    type: fc.constant("summary" as const),
    members: fc.array(fc.record({ agent, incarnation, dead: fc.boolean() }), { maxLength: 20 }),
    buckets: fc.array(fc.nat({ max: 255 }), { maxLength: 256 }),
    policy: heads,
  }),
  fc.record({
    type: fc.constant("want" as const),
    members: fc.array(agent, { maxLength: 20 }),
    policy: fc.array(fragment, { maxLength: 20 }),
  }),
  fc.record({
    type: fc.constant("items" as const),
    members: fc.array(member, { maxLength: 4 }),
    deaths: fc.array(death, { maxLength: 4 }),
    policy: fc.array(envelope, { maxLength: 8 }),
  }),
);

/** What was read, where it is of a kind that is known. */
function known<Value>(read: Read<Value> | undefined): Value | undefined {
  return read?.type === "known" ? read.value : undefined;
}

test("what is encoded is read again as it was", () => {
  fc.assert(
    fc.property(message, (sent) => {
      expect(decodeMessage(encodeWire(sent))).toEqual({ type: "known", value: sent, surplus: [] });
    }),
  );
});

test("any bytes are a message or nothing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
      expect(() => [decodeMessage(bytes), decodeRumor(bytes)]).not.toThrow();
    }),
    { numRuns: 2_000 },
  );
});

test("a message with one byte changed is a message or nothing", () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, at, change) => {
      const bytes = encodeWire(sent);
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ change;
      expect(() => decodeMessage(bytes)).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

const report = { type: "probeReport", sequence: 1, subject: new Uint8Array(32), answered: true };

test("a wrong field, a missing one, an older version, a cut message: nothing", () => {
  expect(known(decodeMessage(encodeMap(report)))).toMatchObject({ sequence: 1, answered: true });
  const { answered: _answered, ...less } = report;
  const wrong = [
    { sequence: -1 },
    { sequence: 1.5 },
    { subject: new Uint8Array(31) },
    { type: 7 },
    { type: "a b" },
  ];
  for (const fields of wrong) expect(decodeMessage(encodeMap({ ...report, ...fields }))).toBeUndefined();
  expect(decodeMessage(encodeMap(less))).toBeUndefined();
  for (const v of [0, -1, 1.5, "1"]) expect(decodeMessage(encode({ ...report, v }))).toBeUndefined();
  expect(decodeMessage(encode(report))).toBeUndefined();
  expect(decodeMessage(encodeMap(report).slice(0, -1))).toBeUndefined();
  expect(decodeMessage(Uint8Array.of(...encodeMap(report), 0))).toBeUndefined();
});

test("what a newer version says is told apart: its kinds, its fields, and its version", () => {
  const shutdown = { ...report, type: "shutdown" };
  expect(decodeMessage(encodeMap(shutdown))).toEqual({ type: "unknown", kind: "shutdown" });
  expect(decodeRumor(encodeMap(shutdown))).toEqual({ type: "unknown", kind: "shutdown" });
  expect(decodeMessage(encode({ ...report, v: 2 }))).toEqual({
    type: "unknown",
    kind: "probeReport of version 2",
  });
  const plain = decodeMessage(encodeMap(report));
  const more = { ...report, mood: "fair", "\u001b[2J": 1 };
  expect(decodeMessage(encodeMap(more))).toEqual({ ...plain, surplus: ["mood"] });
  const digests = { members: new Uint8Array(8), policy: new Uint8Array(8), mood: new Uint8Array(8) };
  const ack = decodeMessage(encodeMap({ type: "ack", sequence: 1, digests, incarnation: [1, 2, 3, 4] }));
  expect(known(ack)).toEqual({
    type: "ack",
    sequence: 1,
    digests: { members: "0000000000000000", policy: "0000000000000000" },
    incarnation: [1, 2, 3],
  });
});

test("hostile CBOR is refused before it costs anything", () => {
  const deep = new Uint8Array(assembledBytesMax).fill(0x81);
  const wide = new Uint8Array(assembledBytesMax).fill(0x00);
  wide.set([0x9a, 0x00, 0x0f, 0xff, 0xfb]);
  const announced = Uint8Array.of(0x9b, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
  const prototype = encodeMap(JSON.parse('{"__proto__":{"type":"probe"}}') as Record<string, unknown>);
  for (const bytes of [deep, wide, announced]) expect(decodeMap(bytes)).toBeUndefined();
  expect(decodeMessage(prototype)).toBeUndefined();
});

function items(sizes: readonly number[], chainBytes: number): PeerMessage {
  const members = sizes.map((size) => ({
    certificate: { chain: [new Uint8Array(chainBytes)] },
    entry: { bytes: new Uint8Array(size) },
  })) as unknown as readonly Member[];
  const policy = sizes.map((size, index) => ({
    bytes: new Uint8Array(size).fill(index),
  })) as unknown as readonly VerifiedPolicy[];
  return { type: "items", members, deaths: [], policy };
}

test("items are split into messages that fit, in their order, and none is lost", () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 65_536 }));
  fc.assert(
    fc.property(fc.array(size, { maxLength: 60 }), (sizes) => {
      const small = sizes.map((one) => Math.min(one, 4_000));
      const sent = items(sizes, 100);
      if (sent.type !== "items") throw new Error("Items");
      const pieces = encodeMessage({ ...sent, members: (items(small, 100) as typeof sent).members });
      const got = pieces.map((bytes) => known(decodeMessage(bytes)));
      const policy = got.flatMap((piece) => (piece?.type === "items" ? piece.policy : []));
      const members = got.flatMap((piece) => (piece?.type === "items" ? piece.members : []));
      expect(policy).toEqual(sent.policy.map(({ bytes }) => bytes));
      expect(members.map(({ entry }) => entry.length)).toEqual(small);
      for (const [index, bytes] of pieces.entries()) {
        const piece = got[index];
        const count = piece?.type === "items" ? piece.members.length + piece.policy.length : 0;
        // Only an item that is larger by itself makes a larger message; frames carry it.
        if (count > 1) expect(bytes.length).toBeLessThanOrEqual(65_536);
      }
    }),
    { numRuns: 50 },
  );
});

test("frames keep to their size and give the message back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3 * frameBytesMax }), (length) => {
      const bytes = new Uint8Array(length).map((_, index) => index);
      const frames = framesOf(bytes);
      expect(frames.every((frame) => frame.length <= frameBytesMax + 3)).toBe(true);
      const bodies = frames.map((frame) => frame.subarray(frame.findIndex((byte) => byte < 0x80) + 1));
      expect(bodies.map((body) => body[0])).toEqual(
        bodies.map((_, index) => (index === bodies.length - 1 ? 0 : 1)),
      );
      expect(Buffer.concat(bodies.map((body) => body.subarray(1))).equals(bytes)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test("a rumor of sightings carries their exact bytes, at least one", () => {
  fc.assert(
    fc.property(envelopes, (sightings) => {
      const rumor = {
        type: "sightings",
        sightings: sightings.map((bytes) => ({ bytes })),
      } as unknown as HealthRumor;
      expect(known(decodeRumor(encodeRumor(rumor, new Uint8Array(8))))).toMatchObject({
        type: "sightings",
        sightings,
      });
    }),
  );
  expect(
    decodeRumor(encodeMap({ type: "sightings", nonce: new Uint8Array(8), sightings: [] })),
  ).toBeUndefined();
});

test("two rumors of one content are two messages that say the same", () => {
  const { members } = items([10, 20], 30) as { readonly members: readonly Member[] };
  const rumor: HealthRumor = { type: "members", members };
  const [first, second] = [1, 2].map((nonce) => encodeRumor(rumor, new Uint8Array(8).fill(nonce)));
  if (first === undefined || second === undefined) throw new Error("Two");
  expect(first).not.toEqual(second);
  const wires = members.map(({ certificate, entry }) => ({ chain: certificate.chain, entry: entry.bytes }));
  expect(known(decodeRumor(first))).toMatchObject({ type: "members", members: wires });
  expect(known(decodeRumor(second))).toMatchObject({ type: "members", members: wires });
});
