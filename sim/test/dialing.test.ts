import fc from "fast-check";
import { expect, it } from "vitest";
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
