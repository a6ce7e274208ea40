import { makeId } from "@antibody/policy";
import { encode } from "dns-packet";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  announcementKey,
  openAnnouncement,
  sealAnnouncement,
} from "../../../src/network/lan/announcement.ts";
import {
  concernsAgents,
  decodeDatagram,
  encodeAnswer,
  encodeQuestion,
} from "../../../src/network/lan/datagram.ts";
import { Lan, type LanOptions } from "../../../src/network/lan/lan.ts";
import {
  mdnsAddressesMax,
  mdnsDatagramBytesMax,
  mdnsDatagramsBurst,
  mdnsPeersMax,
  mdnsQuestionWaitMsMax,
  mdnsRestMs,
  mdnsTotalBurst,
} from "../../../src/network/limits.ts";

const digest = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const swarm = makeId("swarm", digest(1));
const otherSwarm = makeId("swarm", digest(2));
const agent = (number: number) =>
  makeId(
    "agent",
    Buffer.concat([digest(0), Buffer.alloc(4)])
      .fill(number, 28)
      .subarray(0, 32),
  );
const key = announcementKey(swarm);
const addressAt = (host: string, port = 4001): string => `/ip4/${host}/tcp/${port}`;

/** One network in the memory of the test: what one says, all hear. */
class Ether {
  readonly said: Buffer[] = [];
  /** Why nobody can listen here, if so. */
  refusal: string | undefined;
  readonly #ears = new Set<(bytes: Buffer, from: string) => void>();

  get listeners(): number {
    return this.#ears.size;
  }

  say(bytes: Uint8Array, from: string): void {
    this.said.push(Buffer.from(bytes));
    for (const ear of [...this.#ears]) ear(Buffer.from(bytes), from);
  }

  readonly open: LanOptions["openMulticast"] = async ({ received }) => {
    if (this.refusal !== undefined) throw new Error(this.refusal);
    this.#ears.add(received);
    return {
      join: () => undefined,
      send: async (bytes, from) => this.say(bytes, from),
      close: () => void this.#ears.delete(received),
    };
  };
}

interface Neighbor {
  readonly lan: Lan;
  readonly troubles: (string | undefined)[];
}

const lans: Lan[] = [];

function neighbor(ether: Ether, own: number, options: Partial<LanOptions> = {}): Neighbor {
  const troubles: (string | undefined)[] = [];
  const lan = new Lan({
    swarm,
    own: agent(own),
    openMulticast: ether.open,
    isKnown: () => true,
    deaf: (cause) => troubles.push(cause),
    clock: () => Date.now(),
    ...options,
  });
  lans.push(lan);
  return { lan, troubles };
}

/** On a network with one address. */
function at(host: string): ReadonlyMap<string, readonly string[]> {
  return new Map([[host, [addressAt(host)]]]);
}

/** The datagrams about agents that were said, by what they are. */
function countsOf({ said }: Ether): { readonly questions: number; readonly answers: number } {
  const types = said.map((bytes) => decodeDatagram(bytes)?.type);
  return {
    questions: types.filter((type) => type === "question").length,
    answers: types.filter((type) => type === "answer").length,
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const lan of lans.splice(0)) lan.stop();
  vi.useRealTimers();
});

test("only who knows the swarm reads an announcement, and nobody else sees what it is about", () => {
  const announcement = { agent: agent(7), addresses: [addressAt("192.168.1.9")] };
  const sealed = sealAnnouncement(announcement, key);
  expect(openAnnouncement(sealed, key)).toEqual(announcement);
  expect(openAnnouncement(sealed, announcementKey(otherSwarm))).toBeUndefined();
  const datagram = Buffer.from(encodeAnswer(sealed));
  expect(datagram.includes("192.168")).toBe(false);
  expect(datagram.includes(Buffer.from(agent(7)).subarray(6, 20))).toBe(false);
  expect(sealAnnouncement(announcement, key)).not.toEqual(sealed);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = sealed.map((byte, index) => (index === at ? byte ^ 1 : byte));
    expect(openAnnouncement(changed, key)).toBeUndefined();
  }
});

test("garbage and broken datagrams say nothing, and break nothing", () => {
  const good = [
    encodeQuestion(),
    encodeAnswer(sealAnnouncement({ agent: agent(7), addresses: [addressAt("10.0.0.7")] }, key)),
  ];
  const label = Buffer.from("\x09_antibody\x04_tcp\x05local\0", "latin1");
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: mdnsDatagramBytesMax + 9 }),
    // Past the first look, into the parser.
    fc
      .tuple(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 200 }))
      .map(([head, tail]) => Buffer.concat([head, label, tail])),
    fc
      .tuple(
        fc.constantFrom(...good),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      )
      .map(([whole, changes]) => {
        const changed = Buffer.from(whole);
        for (const [offset, byte] of changes) changed[offset % changed.length] = byte;
        return changed;
      }),
  );
  fc.assert(
    fc.property(bytes, (any) => {
      const said = decodeDatagram(Buffer.from(any));
      if (said?.type === "answer") for (const sealed of said.sealed) openAnnouncement(sealed, key);
    }),
    { numRuns: 2_000 },
  );
  // The parser makes room for as many records as the header counts.
  const counted = Buffer.concat([Buffer.alloc(4), Buffer.from("ffffffffffffffff", "hex"), label]);
  expect(concernsAgents(counted)).toBe(false);
  expect(decodeDatagram(Buffer.alloc(mdnsDatagramBytesMax + 1, label))).toBeUndefined();
});

test("members on one network hear where the others are, when they start and when they have moved", async () => {
  const ether = new Ether();
  const { lan: left } = neighbor(ether, 1);
  const { lan: right } = neighbor(ether, 2);
  const { lan: stranger } = neighbor(ether, 3, { swarm: otherSwarm });
  left.moved(at("10.0.0.1"));
  right.moved(at("10.0.0.2"));
  stranger.moved(at("10.0.0.3"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(left.addressesOf(agent(2))).toEqual([addressAt("10.0.0.2")]);
  expect(right.addressesOf(agent(1))).toEqual([addressAt("10.0.0.1")]);
  expect([left, right].map((lan) => lan.addressesOf(agent(3)))).toEqual([[], []]);
  expect(stranger.addressesOf(agent(1))).toEqual([]);
  right.moved(at("10.0.0.22"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(left.addressesOf(agent(2))).toEqual([addressAt("10.0.0.22"), addressAt("10.0.0.2")]);
});

test("who misses nobody says nothing, and who misses somebody asks at growing intervals", async () => {
  const ether = new Ether();
  const { lan } = neighbor(ether, 1);
  neighbor(ether, 2).lan.moved(at("10.0.0.2"));
  lan.moved(at("10.0.0.1"));
  await vi.advanceTimersByTimeAsync(60_000);
  const before = countsOf(ether);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(countsOf(ether)).toEqual(before);
  for (let second = 0; second < 3_600; second += 1) {
    lan.seek();
    await vi.advanceTimersByTimeAsync(1_000);
  }
  const asked = countsOf(ether).questions - before.questions;
  // 1 s, 2 s and so on up to ten minutes.
  expect(asked).toBeGreaterThanOrEqual(10);
  expect(asked).toBeLessThanOrEqual(17);
  expect(countsOf(ether).answers - before.answers).toBeLessThanOrEqual(2 * asked);
});

test("an announcement counts for members only, from the host that it names, and for a while", async () => {
  const ether = new Ether();
  const { lan } = neighbor(ether, 1, { isKnown: (other) => other === agent(2) });
  lan.moved(at("10.0.0.1"));
  await vi.advanceTimersByTimeAsync(5_000);
  const announce = (number: number, host: string, from = host): void =>
    ether.say(
      encodeAnswer(sealAnnouncement({ agent: agent(number), addresses: [addressAt(host)] }, key)),
      from,
    );
  announce(3, "10.0.0.3");
  announce(2, "10.0.0.2", "10.0.0.66");
  expect([2, 3].map((number) => lan.addressesOf(agent(number)))).toEqual([[], []]);
  announce(2, "127.0.0.1");
  const odd = ["/ip4/10.0.0.2/tcp/1/p2p-circuit", "/ip4/10.0.0.2/udp/1", "/dns4/10.0.0.2/tcp/1"];
  ether.say(encodeAnswer(sealAnnouncement({ agent: agent(2), addresses: odd }, key)), "10.0.0.2");
  expect(lan.addressesOf(agent(2))).toEqual([]);
  announce(2, "10.0.0.2");
  expect(lan.addressesOf(agent(2))).toEqual([addressAt("10.0.0.2")]);
  await vi.advanceTimersByTimeAsync(2 * mdnsQuestionWaitMsMax + 1_000);
  expect(lan.addressesOf(agent(2))).toEqual([]);
});

test("what is remembered is bounded, in peers and in addresses of one", async () => {
  const ether = new Ether();
  const peers = Array.from({ length: mdnsPeersMax + 40 }, (_, index) =>
    makeId("agent", Buffer.concat([Buffer.from([index >> 8, index & 255]), digest(9)]).subarray(0, 32)),
  );
  const { lan } = neighbor(ether, 1);
  lan.moved(at("10.0.0.1"));
  await vi.advanceTimersByTimeAsync(5_000);
  for (const [index, peer] of peers.entries()) {
    const host = `10.1.${index >> 8}.${index & 255}`;
    ether.say(encodeAnswer(sealAnnouncement({ agent: peer, addresses: [addressAt(host)] }, key)), host);
  }
  expect(peers.filter((peer) => lan.addressesOf(peer).length > 0)).toHaveLength(mdnsPeersMax);
  const [, , , ...rest] = peers;
  const last = rest.at(-1) ?? agent(2);
  for (let port = 1; port <= 30; port += 1) {
    const host = `10.2.0.${port}`;
    ether.say(encodeAnswer(sealAnnouncement({ agent: last, addresses: [addressAt(host, port)] }, key)), host);
  }
  expect(lan.addressesOf(last)).toHaveLength(mdnsAddressesMax);
  // Of one host few are opened, and of all a thousand at once.
  const opened = vi.fn(() => true);
  const { lan: counting } = neighbor(ether, 4, { isKnown: opened });
  counting.moved(at("10.0.0.4"));
  await vi.advanceTimersByTimeAsync(5_000);
  opened.mockClear();
  const bytes = encodeAnswer(sealAnnouncement({ agent: agent(2), addresses: [addressAt("10.9.9.9")] }, key));
  for (let index = 0; index < 1_500; index += 1) ether.say(bytes, `10.3.${index >> 8}.${index & 255}`);
  expect(opened).toHaveBeenCalledTimes(mdnsTotalBurst);
});

test("a flood ends in silence for a while, not in work", async () => {
  const ether = new Ether();
  const { lan, troubles } = neighbor(ether, 1);
  lan.moved(at("10.0.0.1"));
  await vi.advanceTimersByTimeAsync(5_000);
  const printer = encode({ type: "query", questions: [{ type: "PTR", name: "_ipp._tcp.local" }] });
  for (let index = 0; index < mdnsDatagramsBurst + 2; index += 1) ether.say(printer, "10.0.0.66");
  expect(ether.listeners).toBe(0);
  expect(troubles).toEqual(["more than 1000 datagrams a second come in"]);
  // Another address is no reason to listen to it again.
  lan.moved(at("10.0.0.2"));
  await vi.advanceTimersByTimeAsync(mdnsRestMs / 2);
  expect(ether.listeners).toBe(0);
  await vi.advanceTimersByTimeAsync(mdnsRestMs);
  expect(ether.listeners).toBe(1);
  expect(troubles.at(-1)).toBeUndefined();
});

test("where nobody can listen it says so once, and tries again: later, or at once in another network", async () => {
  const ether = new Ether();
  ether.refusal = "bind EADDRINUSE 0.0.0.0:5353";
  const { lan, troubles } = neighbor(ether, 1);
  lan.moved(new Map());
  await vi.advanceTimersByTimeAsync(5_000);
  expect(troubles).toEqual([]);
  lan.moved(at("10.0.0.1"));
  await vi.advanceTimersByTimeAsync(3 * mdnsRestMs);
  expect(troubles).toEqual([ether.refusal]);
  ether.refusal = undefined;
  lan.moved(at("10.0.0.2"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(troubles).toEqual(["bind EADDRINUSE 0.0.0.0:5353", undefined]);
  expect(countsOf(ether).answers).toBeGreaterThan(0);
});
