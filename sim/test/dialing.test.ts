import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWire, type Host, logOf, type Wire } from "./harness.ts";

const hosts = [0, 1, 2] as const;
/** What happens to a host, or to the network; whoever waits for a paused process is told where that may matter. */
const deeds = ["dial", "pause", "resume", "end", "start", "powerOff", "partition", "heal"] as const;
interface Happening {
  readonly afterMs: number;
  readonly host: number;
  readonly deed: (typeof deeds)[number];
}

const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.record({
    afterMs: fc.nat({ max: 300 }),
    host: fc.constantFrom(...hosts),
    // Most of it concerns pauses.
    deed: fc.constantFrom<Happening["deed"]>("dial", "dial", "pause", "pause", "resume", ...deeds),
  }),
  { maxLength: 30 },
);

function happen(wire: Wire, { host: index, deed }: Happening): void {
  const host = wire.hosts[index] as Host;
  const { dialing, network } = wire;
  switch (deed) {
    case "dial":
      for (const peer of hosts) if (peer !== index) dialing.dial(index, peer, "fresh", 700, true);
      return;
    case "pause":
      host.paused = host.running;
      return;
    case "resume":
      host.paused = false;
      dialing.changed(index);
      return;
    case "powerOff":
    case "end":
      host.power &&= deed === "end";
      host.running = false;
      host.paused = false;
      network.processEnded(index);
      dialing.processEnded(index);
      return;
    case "start":
      if (host.running) return;
      host.power = true;
      host.running = true;
      host.life += 1;
      return;
    case "partition":
      network.links.partition(hosts.map((one) => (one === index ? 1 : 0)));
      break;
    case "heal":
      network.links.heal();
      break;
    default:
      throw new Error(`unknown deed ${deed satisfies never}`);
  }
  network.linksChanged();
  dialing.linksChanged();
}

/** How everything came out, and when, to 10 ms. */
function play(all: readonly Happening[], seed: number, looksAlways: boolean): readonly string[] {
  const wire = createWire(hosts.length, {}, seed);
  const seen: string[] = [];
  let nowMs = 0;
  const runTo = (untilMs: number): void => {
    for (; nowMs < untilMs; nowMs += 10) {
      wire.runTo(nowMs);
      if (looksAlways) for (const host of hosts) wire.dialing.changed(host);
      seen.push(hosts.map((host) => logOf(wire, host).length).join(" "));
    }
  };
  for (const happening of all) {
    runTo(nowMs + happening.afterMs);
    happen(wire, happening);
  }
  runTo(nowMs + 1_500);
  return [...seen, ...hosts.flatMap((host) => logOf(wire, host))];
}

it("ends at the same time in the same way as dials that look at a paused process again and again", () => {
  fc.assert(
    fc.property(happenings, fc.nat({ max: 1_000 }), (all, seed) => {
      expect(play(all, seed, false)).toEqual(play(all, seed, true));
    }),
    { numRuns: 100 },
  );
});

describe("a dial at a busy process", () => {
  /** One process is busy, and two others dial it, the second 10 ms later; what they have come to by then. */
  function dialBusy(busyMs: number, timeoutMs: number, hasQueue = false): Wire {
    const wire = createWire(3);
    Object.assign(wire.hosts[2] as Host, { busyUntilMs: busyMs, hasQueue });
    wire.dialing.dial(0, 2, "session", timeoutMs, true);
    wire.runTo(10);
    wire.dialing.dial(1, 2, "session", timeoutMs, true);
    return wire;
  }

  it("that is not answered in its time ends in silence (that its handshake outlasts it is not modeled)", () => {
    const wire = dialBusy(1_300, 1_000);
    wire.runTo(995);
    expect(logOf(wire, 0)).toEqual([]);
    wire.runTo(1_020);
    expect([logOf(wire, 0), logOf(wire, 1)]).toEqual([["session 2 silent"], ["session 2 silent"]]);
    wire.runTo(3_000);
    expect(logOf(wire, 2)).toEqual([]);
  });

  it("that has more time is answered after more than a second, once the process is done", () => {
    const wire = dialBusy(1_300, 2_000);
    wire.runTo(1_299);
    expect([logOf(wire, 0), logOf(wire, 2)]).toEqual([[], []]);
    wire.runTo(1_310);
    expect(logOf(wire, 0)).toEqual(["opened 2", "session 2 connected"]);
    expect(logOf(wire, 2)).toEqual(["opened 0", "opened 1"]);
  });

  it("waits behind what waits there already, in the order in which dials came", () => {
    const wire = dialBusy(1_300, 2_000, true);
    const busy = wire.hosts[2] as Host;
    // Done with one step, and the next begins.
    wire.runTo(1_300);
    busy.busyUntilMs = 1_500;
    wire.runTo(1_500);
    expect(logOf(wire, 2)).toEqual([]);
    busy.hasQueue = false;
    wire.dialing.drained(2);
    wire.runTo(1_510);
    expect(logOf(wire, 2)).toEqual(["opened 0", "opened 1"]);
    expect(logOf(wire, 1)).toEqual(["opened 2", "session 2 connected"]);
  });

  it("ends in silence where what waits there is not done in its time", () => {
    const wire = dialBusy(1_300, 1_000, true);
    wire.runTo(1_020);
    expect([logOf(wire, 0), logOf(wire, 1)]).toEqual([["session 2 silent"], ["session 2 silent"]]);
    Object.assign(wire.hosts[2] as Host, { busyUntilMs: 0, hasQueue: false });
    wire.dialing.drained(2);
    wire.runTo(3_000);
    expect(logOf(wire, 2)).toEqual([]);
  });
});
