import { describe, expect, test } from "vitest";
import { defaultSettings } from "../../src/settings.ts";
import { World } from "./world.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const { probeIntervalMs, antiEntropyIntervalMs } = defaultSettings;

describe("the probes of a quiet swarm", () => {
  const all = names(12);
  const world = World.formed(all);
  world.run(2 * probeIntervalMs);
  world.clear();
  const intervals = 20;
  const rounds = (intervals * probeIntervalMs) / antiEntropyIntervalMs;
  world.run(intervals * probeIntervalMs);

  test("of one agent go out together, once an interval", () => {
    for (const name of all) {
      const own = world.probes.filter(({ from }) => from === name);
      const times = new Set(own.map(({ atMs }) => atMs));
      // Each round of anti-entropy asks one more peer, out of turn; another's may shift a probe of this agent.
      expect(times.size).toBeLessThanOrEqual(intervals + 4 * (rounds + 1));
    }
  });

  test("are one for each pair an interval, from one side", () => {
    const pairs = (all.length * (all.length - 1)) / 2;
    const expected = pairs * intervals;
    expect(world.probes.length).toBeGreaterThan(0.95 * expected);
    expect(world.probes.length).toBeLessThan(1.05 * expected + all.length * rounds);
  });
});

describe("a host that vanishes without a word", () => {
  test("is out of reach for each of its observers within 4.8 s, at whatever moment it went", () => {
    const all = names(20);
    for (let atMs = 0; atMs < probeIntervalMs; atMs += 370) {
      const world = World.formed(all);
      world.run(probeIntervalMs + atMs);
      world.passes = (from, to) => from !== "n5" && to !== "n5";
      const isLost = (name: string): boolean => world.verdict(name, "n5") === "unreachable";
      const observers = all.filter((name) => name !== "n5" && observes(world, name, "n5"));
      expect(observers.length).toBeGreaterThan(0);
      world.runUntil(() => observers.every(isLost), 4_800);
    }
  });
});

function observes(world: World, observer: string, subject: string): boolean {
  const { members } = world.host(observer).swarm.inspect({ monoMs: world.nowMs, wallMs: 0 });
  return members.some(({ name, observedByMe }) => name === subject && observedByMe);
}
