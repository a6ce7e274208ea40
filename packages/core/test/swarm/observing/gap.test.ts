import { describe, expect, test } from "vitest";
import { defaultSettings } from "../../../src/settings.ts";
import { voteOf } from "../people.ts";
import { World } from "../world.ts";

const names = Array.from({ length: 12 }, (_, index) => `g${String(index).padStart(2, "0")}`);
const incarnation = [1, 1, 0] as const;
/** A quorum of twelve. */
const quorum = 6;

/** Two whose link is cut while all others reach both, for long enough that what stood between them is given up. */
function parted(own: string, subject: string): World {
  // Lost peers are dialed so seldom that one of the two hears the other over the session that stood.
  const world = World.formed(names, { redialBaseMs: 60_000, redialMaxMs: 60_000 });
  const isCut = (from: string, to: string): boolean =>
    [from, to].every((name) => [own, subject].includes(name));
  world.passes = (from, to) => !isCut(from, to);
  const isParted = (): boolean =>
    [world.verdict(own, subject), world.verdict(subject, own)].every((verdict) => verdict === "unreachable");
  world.runUntil(isParted, 20_000);
  world.run(defaultSettings.probeIntervalMs);
  world.passes = () => true;
  world.clear();
  return world;
}

/** Something comes over the session that stood. */
function hear(world: World, own: string, subject: string): void {
  const message = { type: "probe", sequence: 1, digests: { members: "", policy: "" } } as const;
  world.feed(world.host(own), { type: "message", from: world.agent(subject), message });
}

/** Six others have found the subject dead, and the certificate is just coming round. */
function certify(world: World, own: string, subject: string): void {
  const { person } = world.host(subject);
  const votes = names
    .filter((name) => name !== own && name !== subject)
    .slice(0, quorum)
    .map((name) => voteOf(world.host(name).person, person, incarnation))
    .sort((left, right) => (left.vote.observer < right.vote.observer ? -1 : 1));
  const deaths = [{ subject: person.agent, incarnation, votes }];
  const from = world.agent(names.find((name) => ![own, subject].includes(name)) ?? "");
  world.feed(world.host(own), { type: "rumor", from, rumor: { type: "deaths", deaths } });
}

const world = World.formed(names.slice(0, 2));
const [smaller, greater] = names
  .slice(0, 2)
  .sort((left, right) => (world.agent(left) < world.agent(right) ? -1 : 1)) as [string, string];

describe("a session that stood through an outage", () => {
  test("makes room for one new one, which the smaller id dials", () => {
    const world = parted(smaller, greater);
    hear(world, greater, smaller);
    hear(world, smaller, greater);
    world.run(3_000);
    expect({
      smaller: world.transcript(smaller),
      greater: world.transcript(greater),
    }).toMatchInlineSnapshot(`
      {
        "greater": [
          "11100 ms: probe from g01 -> hangUp; swarm.returned g01",
          "11101 ms: g01 disconnected",
          "11105 ms: unsent ack to g01",
        ],
        "smaller": [
          "11100 ms: probe from g00 -> hangUp; dial g00 session; swarm.returned g00",
          "11101 ms: g00 disconnected",
          "11105 ms: unsent ack to g00",
        ],
      }
    `);
  });

  test.each([
    [smaller, greater],
    [greater, smaller],
  ])("leaves no gap in which a certificate of death counts about who was just heard", (own, subject) => {
    const world = parted(own, subject);
    hear(world, own, subject);
    certify(world, own, subject);
    expect(world.verdict(own, subject)).toBe("reachable");
    world.run(5_000);
    expect(world.told("swarm.dead")).toEqual([]);
    expect(world.verdict(own, subject)).toBe("reachable");
    // Whoever is accused hears of it, and says otherwise.
    expect(world.told("swarm.refuted").some((line) => line.startsWith(`${subject}: `))).toBe(true);
  });

  test.each([
    [smaller, greater],
    [greater, smaller],
  ])("and one that is gone by then is dead as soon as that shows", (own, subject) => {
    const world = parted(own, subject);
    hear(world, own, subject);
    world.kill(subject);
    certify(world, own, subject);
    world.runUntil(() => world.verdict(own, subject) === "dead", 1_000);
  });
});

test("a heal costs hardly more than one dial for each two that were apart", () => {
  const apart = names.slice(0, 4);
  const crosses = (from: string, to: string): boolean => apart.includes(from) !== apart.includes(to);
  const world = World.formed(names);
  world.passes = (from, to) => !crosses(from, to);
  world.run(30_000);
  const healedMs = world.nowMs;
  world.passes = () => true;
  // TCP tries what stood again after as long as it was cut.
  world.isDeaf = (from, to) => crosses(from, to) && world.metMs(from, to) < healedMs;
  world.clear();
  world.run(3_000);
  for (const name of names) expect(world.verdicts(name)).toEqual(["reachable"]);
  const outputs = world.lines.flatMap(({ text }) => text.split(/ -> |; /));
  const dials = outputs.filter((output) => output.startsWith("dial "));
  // Two may dial each other in the same moment. Where a dial only showed that the way is open, and both ends dialed as soon, it was 65.
  expect(dials.length).toBeLessThan(40);
  expect(outputs.filter((output) => output === "hangUp")).toEqual([]);
});
