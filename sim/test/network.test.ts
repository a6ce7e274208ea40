import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kinds } from "../src/engine/kinds.ts";
import { heldMax, retransmissionUs } from "../src/network/session.ts";
import { createPair, createWire, type Host, logOf, type Wire } from "./harness.ts";

/** By then a connection stands whatever is lost: the waits of all losses in a row, several times. */
const lossyMs = 400_000;

function hostOf(wire: Wire, index: number): Host {
  return wire.hosts[index] as Host;
}

function cutPower(wire: Wire, index: number): void {
  hostOf(wire, index).power = false;
}

function kill(wire: Wire, index: number): void {
  hostOf(wire, index).running = false;
  wire.network.processEnded(index);
  wire.dialing.changed(index);
}

describe("a dial", () => {
  it("opens both ends, the peer's first", () => {
    const wire = createWire(2);
    wire.dialing.dial(0, 1, "session", 1_000, true);
    wire.runTo(100);
    expect(logOf(wire, 1)).toEqual(["opened 0"]);
    expect(logOf(wire, 0)).toEqual(["opened 1", "session 1 connected"]);
    expect(wire.network.sessionOf(0, 1)).toBe(wire.network.sessionOf(1, 0));
  });

  it("finds a standing session at once", () => {
    const wire = createPair();
    wire.dialing.dial(1, 0, "session", 1_000, true);
    wire.runTo(200);
    expect(logOf(wire, 1)).toEqual(["session 0 connected"]);
    expect(logOf(wire, 0)).toEqual([]);
  });

  it("waits until the dialer has something to show, within its time", () => {
    const wire = createWire(2);
    hostOf(wire, 0).greets = false;
    wire.dialing.dial(0, 1, "session", 1_000, true);
    wire.runTo(500);
    expect(logOf(wire, 1)).toEqual([]);
    hostOf(wire, 0).greets = true;
    wire.runTo(600);
    expect(logOf(wire, 1)).toEqual(["opened 0"]);
    expect(logOf(wire, 0)).toEqual(["opened 1", "session 1 connected"]);
    const mute = createWire(2);
    hostOf(mute, 0).greets = false;
    mute.dialing.dial(0, 1, "session", 1_000, true);
    mute.runTo(2_000);
    expect([logOf(mute, 0), logOf(mute, 1)]).toEqual([["session 1 failed"], []]);
  });

  it("tests afresh without touching the session", () => {
    const wire = createPair();
    wire.dialing.dial(1, 0, "fresh", 1_000, true);
    wire.runTo(200);
    expect(logOf(wire, 1)).toEqual(["fresh 0 connected"]);
    expect(logOf(wire, 0)).toEqual([]);
  });

  it("makes a fresh connection the session where there is none", () => {
    const wire = createWire(2);
    wire.dialing.dial(0, 1, "fresh", 1_000, true);
    wire.runTo(100);
    expect(logOf(wire, 1)).toEqual(["opened 0"]);
    expect(logOf(wire, 0)).toEqual(["opened 1", "fresh 1 connected"]);
  });

  it("gives one session to two that dial each other at once", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const wire = createWire(2, {}, seed);
      wire.dialing.dial(0, 1, "session", 1_000, true);
      wire.dialing.dial(1, 0, "session", 1_000, true);
      wire.runTo(100);
      for (const index of [0, 1]) {
        const peer = 1 - index;
        expect([...logOf(wire, index)].sort()).toEqual([`opened ${peer}`, `session ${peer} connected`]);
      }
      expect(wire.network.sessionOf(0, 1)).toBe(wire.network.sessionOf(1, 0));
    }
  });

  it("is refused by a host whose process is gone", () => {
    const wire = createWire(2);
    kill(wire, 1);
    wire.dialing.dial(0, 1, "fresh", 1_000, true);
    wire.runTo(50);
    expect(logOf(wire, 0)).toEqual(["fresh 1 refused"]);
  });

  it("is silent at a paused process, and connects when it wakes up in time", () => {
    const wire = createWire(2);
    hostOf(wire, 1).paused = true;
    wire.dialing.dial(0, 1, "fresh", 1_000, true);
    wire.runTo(999);
    expect(logOf(wire, 0)).toEqual([]);
    wire.runTo(1_001);
    expect(logOf(wire, 0)).toEqual(["fresh 1 silent"]);
    wire.dialing.dial(0, 1, "fresh", 1_000, true);
    wire.runTo(1_500);
    hostOf(wire, 1).paused = false;
    wire.dialing.changed(1);
    wire.runTo(2_100);
    expect(logOf(wire, 0)).toEqual(["fresh 1 silent", "opened 1", "fresh 1 connected"]);
  });

  it.each([
    ["across a partition", (wire: Wire): void => wire.network.links.partition([0, 1])],
    ["when the answer cannot come back", (wire: Wire): void => wire.network.links.cut(1, 0)],
    ["to a host without power", (wire: Wire): void => cutPower(wire, 1)],
  ])("is cut %s", (_, fault) => {
    const wire = createWire(2);
    fault(wire);
    wire.dialing.dial(0, 1, "session", 700, true);
    wire.runTo(699);
    expect(logOf(wire, 0)).toEqual([]);
    wire.runTo(701);
    expect(logOf(wire, 0)).toEqual(["session 1 cut"]);
  });

  it("is cut at an address where nobody listens", () => {
    const wire = createWire(2);
    wire.dialing.dial(0, 1, "session", 700, false);
    wire.runTo(701);
    expect(logOf(wire, 0)).toEqual(["session 1 cut"]);
  });

  it("answers no later process of the dialer", () => {
    const wire = createWire(2);
    wire.dialing.dial(0, 1, "session", 1_000, true);
    wire.queue.pop();
    wire.dialing.reached(1, 0, 1, wire.queue.payload);
    wire.dialing.processEnded(0);
    hostOf(wire, 0).life = 2;
    wire.runTo(100);
    expect(logOf(wire, 0)).toEqual([]);
    expect(logOf(wire, 1)).toEqual(["opened 0", "closed 0"]);
  });
});

describe("a session", () => {
  it("keeps messages in order for each pair, whatever is lost and jitters", () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.array(fc.nat(3), { maxLength: 60 }), (seed, gapsMs) => {
        const wire = createPair({ jitterUs: 5_000, lossPerMillion: 200_000 }, seed, lossyMs);
        const sent: [string[], string[]] = [[], []];
        let atMs = lossyMs;
        for (const [index, gapMs] of gapsMs.entries()) {
          const source = index % 2;
          wire.network.send(source, 1 - source, kinds.message, `m${index}`);
          (sent[1 - source] as string[]).push(`m${index}`);
          atMs += gapMs;
          wire.runTo(atMs);
        }
        wire.runTo(atMs + 120_000);
        expect(logOf(wire, 0)).toEqual(sent[0]);
        expect(logOf(wire, 1)).toEqual(sent[1]);
      }),
      { numRuns: 50 },
    );
  });

  it("sends again what is lost, at the rate of the link", () => {
    const wire = createPair({ lossPerMillion: 100_000 }, 1, lossyMs);
    const before = wire.network.links.retransmissions;
    const count = 20_000;
    for (let index = 0; index < count; index += 1) wire.network.send(0, 1, kinds.message, "m");
    const rate = (wire.network.links.retransmissions - before) / count;
    // Losses of losses: 0.1 + 0.01 + ...; five standard deviations of a binomial around it.
    expect(Math.abs(rate - 1 / 9)).toBeLessThan(5 * Math.sqrt(0.1 / count));
  });

  it("loses nothing on a perfect link", () => {
    const wire = createPair();
    for (let index = 0; index < 1_000; index += 1) wire.network.send(0, 1, kinds.message, index);
    wire.runTo(5_000);
    expect(wire.network.links.retransmissions).toBe(0);
    expect(logOf(wire, 1)).toHaveLength(1_000);
  });

  it("closes at once when a process is killed, after what it had sent", () => {
    const wire = createPair();
    wire.network.send(0, 1, kinds.message, "last words");
    kill(wire, 0);
    wire.runTo(120);
    expect(logOf(wire, 1)).toEqual(["last words", "closed 0"]);
    expect(wire.network.send(1, 0, kinds.message, "anyone?")).toBe(false);
  });

  it("stays when the power fails, until TCP gives up", () => {
    const wire = createPair({ silenceUs: 10_000_000 });
    const host = hostOf(wire, 0);
    host.power = false;
    host.silentSinceUs = wire.queue.nowUs;
    kill(wire, 0);
    wire.runTo(9_000);
    expect(wire.network.send(1, 0, kinds.message, "anyone?")).toBe(true);
    wire.runTo(11_000);
    expect(logOf(wire, 1)).toEqual(["closed 0"]);
  });

  it("is reset when the other end has forgotten it", () => {
    const wire = createPair();
    wire.network.links.partition([0, 1]);
    wire.network.linksChanged();
    kill(wire, 0);
    wire.runTo(1_000);
    expect(logOf(wire, 1)).toEqual([]);
    wire.network.links.heal();
    wire.network.linksChanged();
    hostOf(wire, 0).running = true;
    hostOf(wire, 0).life = 2;
    wire.network.send(1, 0, kinds.message, "anyone?");
    wire.runTo(2_000);
    expect(logOf(wire, 0)).toEqual([]);
    expect(logOf(wire, 1)).toEqual(["closed 0"]);
  });

  it("holds what is sent into a cut, and delivers it in order after the heal, when TCP tries again", () => {
    const wire = createPair();
    wire.network.links.partition([0, 1]);
    wire.network.linksChanged();
    wire.network.send(0, 1, kinds.message, "a");
    wire.network.send(0, 1, kinds.message, "b");
    wire.runTo(5_100);
    expect(logOf(wire, 1)).toEqual([]);
    wire.network.links.heal();
    wire.network.linksChanged();
    wire.network.send(0, 1, kinds.message, "c");
    wire.runTo(6_200);
    expect(logOf(wire, 1)).toEqual([]);
    wire.runTo(6_400);
    expect(logOf(wire, 1)).toEqual(["a", "b", "c"]);
  });

  it("lets one direction live while the other is cut", () => {
    const wire = createPair();
    wire.network.links.cut(0, 1);
    wire.network.linksChanged();
    wire.network.send(0, 1, kinds.message, "into the cut");
    wire.network.send(1, 0, kinds.message, "the other way");
    wire.runTo(500);
    expect(logOf(wire, 0)).toEqual(["the other way"]);
    expect(logOf(wire, 1)).toEqual([]);
  });

  it("holds only so much", () => {
    const wire = createPair();
    wire.network.links.partition([0, 1]);
    wire.network.linksChanged();
    for (let index = 0; index < heldMax + 10; index += 1) wire.network.send(0, 1, kinds.message, index);
    expect(wire.network.overflows).toBe(10);
    wire.network.links.heal();
    wire.network.linksChanged();
    wire.runTo(10_000);
    expect(logOf(wire, 1)).toHaveLength(heldMax);
  });

  it("waits as TCP does: 200 ms, then twice as long each time", () => {
    expect([0, 1, 201, 601, 1_401].map((ms) => retransmissionUs(0, ms * 1_000, 200_000) / 1_000)).toEqual([
      0, 200, 600, 1_400, 3_000,
    ]);
  });
});
