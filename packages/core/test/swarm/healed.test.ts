import { expect, test } from "vitest";
import { defaultSettings } from "../../src/settings.ts";
import { World } from "./world.ts";

/** Enough that most observe somebody on both sides of a cut. */
const names = Array.from({ length: 60 }, (_, index) => `h${String(index).padStart(2, "0")}`);
const half = names.filter((_, index) => index % 2 === 0);

function cut(world: World, gone: readonly string[]): void {
  world.passes = (from, to) => gone.includes(from) === gone.includes(to);
}

function heal(world: World): void {
  world.passes = () => true;
}

const isOneView = (world: World) => (): boolean =>
  names.every((name) => world.verdicts(name).join() === "reachable");

/** Halves that were apart for long enough that votes were cast. */
function halved(): World {
  const world = World.formed(names);
  cut(world, half);
  world.run(2 * defaultSettings.cutVoteAfterMs);
  return world;
}

test("halves that meet again refute hardly anything, where nobody was held dead", () => {
  const world = halved();
  expect(world.told("swarm.dead")).toEqual([]);
  expect(world.lines.filter(({ text }) => text.includes("sign vote")).length).toBeGreaterThan(20);
  heal(world);
  world.clear();
  world.runUntil(isOneView(world), 4_000);
  const refuting = world.events.filter(({ event }) => event.name === "swarm.refuted" && "by" in event.fields);
  // 41 of 60, where whoever is back hears at once of all who are accused.
  expect(refuting.length).toBeLessThan(10);
});

test("who has lost many dials them in turns, seldom, and one of them soon at any time", () => {
  const world = halved();
  world.clear();
  world.run(20_000);
  const { probeIntervalMs, freshTimeoutMs } = defaultSettings;
  const gapMs = ((probeIntervalMs + freshTimeoutMs) * 2) / 3;
  for (const name of names) {
    const lost = names
      .filter((peer) => world.host(name).swarm.neighborsOf(world.agent(name)).includes(world.agent(peer)))
      .filter((peer) => half.includes(peer) !== half.includes(name));
    if (lost.length < 3) continue;
    const dials = world.lines.flatMap(({ name: by, atMs, text }) =>
      by === name && lost.some((peer) => text.includes(`dial ${peer} fresh`)) ? [atMs] : [],
    );
    const gaps = dials.slice(1).map((atMs, index) => atMs - (dials[index] as number));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(gapMs + 10);
    // Each by itself would be dialed every two seconds or three.
    expect(dials.length).toBeLessThan(25);
  }
});
