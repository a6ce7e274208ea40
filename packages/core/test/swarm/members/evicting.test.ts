import { describe, expect, test } from "vitest";
import { evictionKeepsMax } from "../../../src/limits.ts";
import { enrol, enrolBelow, memberOf } from "../people.ts";
import { World } from "../world.ts";

const names = ["founder", "ann", "ben", "cid", "dan"];

/** Has one member evicted by the founder. What the founder's mind says against it, or undefined. */
function evict(world: World, name: string, by = "founder", reason = "stolen"): string | undefined {
  let refusal: string | undefined;
  world.act(by, `evict ${name}`, (swarm, turn) => {
    refusal = swarm.evict({ type: "evict", agent: world.agent(name), keeps: [], reason }, turn);
  });
  return refusal;
}

/** Events of one name that an agent has told, by whom they are about. */
function told(world: World, by: string, event: string): readonly string[] {
  return world.events
    .filter((one) => one.name === by && one.event.name === event)
    .map((one) => String(one.event.fields["name"]));
}

/** Who still holds one for a member. */
function holders(world: World, name: string): readonly string[] {
  const agent = world.agent(name);
  return names.filter(
    (other) => other !== name && world.host(other).swarm.certificateOf(agent) !== undefined,
  );
}

describe("an evicted member", () => {
  test("is out everywhere, knows why, and accuses nobody", () => {
    const world = World.formed(names);
    expect(evict(world, "ben")).toBeUndefined();
    world.run(2_000);
    expect(holders(world, "ben")).toEqual([]);
    for (const name of names) expect(told(world, name, "swarm.evicted")).toEqual(["ben"]);
    world.clear();
    world.run(60_000);
    expect([...told(world, "ben", "swarm.unreachable"), ...told(world, "ben", "swarm.dead")]).toEqual([]);
    expect(told(world, "ann", "swarm.unreachable")).toEqual([]);
  });

  test("learns so that whatever stands on the swarm is thought over", () => {
    const world = World.formed(names);
    const { swarm } = world.host("ben");
    const before = swarm.revision;
    world.passes = (from, to) => [from, to].includes("founder") || ![from, to].includes("ben");
    evict(world, "ben");
    world.run(100);
    expect(swarm.peers.isOut).toBe(true);
    expect(swarm.revision).toBeGreaterThan(before);
    const { members } = swarm.inspect({ monoMs: 0, wallMs: 0 });
    const others = members.filter(({ name }) => name !== "ben");
    expect(others.map(({ verdict }) => verdict)).toEqual(others.map(() => "unreachable"));
    expect(others[0]?.why).toBe("this agent was put out of the swarm");
    expect(world.verdict("ben", "ann")).toBe("unreachable");
    world.run(60_000);
    expect(world.host("founder").swarm.peers.isOut).toBe(false);
  });

  test("does not come back by its restart, nor by theirs", () => {
    const world = World.formed(names);
    evict(world, "ben");
    world.run(2_000);
    for (const name of ["ben", "cid"]) {
      world.kill(name);
      world.boot(name);
    }
    world.run(30_000);
    expect(holders(world, "ben")).toEqual([]);
  });

  test("is shown the eviction when it was away and knocks again", () => {
    const world = World.formed(names);
    world.kill("ben");
    evict(world, "ben");
    world.run(5_000);
    world.boot("ben");
    world.run(5_000);
    expect(told(world, "ben", "swarm.evicted")).toEqual(["ben"]);
    expect(holders(world, "ben")).toEqual([]);
  });

  test("is out for who heard of it by anti-entropy alone", () => {
    const world = World.formed(names);
    world.gossips = false;
    world.passes = (from, to) => from !== "dan" && to !== "dan";
    evict(world, "ben");
    world.run(10_000);
    expect(holders(world, "ben")).toEqual(["dan"]);
    world.passes = () => true;
    world.run(60_000);
    expect(holders(world, "ben")).toEqual([]);
  });

  test("leaves the same swarm behind when every agent goes on from its dump", () => {
    const world = World.formed(names);
    world.moveEverySteps = 3;
    evict(world, "ben");
    world.run(20_000);
    expect(holders(world, "ben")).toEqual([]);
    for (const name of ["ann", "cid", "dan"]) expect(world.verdict("founder", name)).toBe("reachable");
  });

  test.each(["", "\u00fc".repeat(200), "a\u202eb", "two\nlines"])(
    "is not evicted for the reason %j",
    (reason) => {
      const world = World.formed(names);
      expect(evict(world, "ben", "founder", reason)).toMatch("the reason is no plain text of 1 to 256 bytes");
      world.run(2_000);
      expect(holders(world, "ben")).toHaveLength(names.length - 1);
    },
  );

  test("is evicted by its inviter only", () => {
    const world = World.formed(names);
    expect(evict(world, "ben", "ann")).toMatch("was not invited by this device");
    world.run(5_000);
    expect(holders(world, "ben")).toHaveLength(names.length - 1);
  });
});

test("who is replaced leaves all behind whom it has invited, and all below them", () => {
  const world = World.formed(names);
  const { person } = world.host("ann");
  const invited = Array.from({ length: evictionKeepsMax + 6 }, (_, index) =>
    enrolBelow(`invited-${index}`, person),
  );
  const below = invited.map((inviter) => enrolBelow(`below-${inviter.name}`, inviter));
  const members = [...invited, ...below].map((each) =>
    memberOf(each, [1, 0, 0], { status: "away", addresses: [] }),
  );
  world.feed(world.host("founder"), {
    type: "message",
    from: world.agent("ben"),
    message: { type: "items", members, deaths: [], policy: [] },
  });
  const member = memberOf(enrol("ann-again"), [1, 0, 0], { status: "away", addresses: [] });
  world.feed(world.host("founder"), { type: "enrolled", member, replaces: person.agent });
  world.run(1_000);
  // Those who were put out by the first statement alone may come back by the second.
  const { swarm } = world.host("founder");
  const out = [...invited, ...below].filter(({ certificate }) => swarm.evictionOf(certificate) !== undefined);
  expect(out).toEqual([]);
  expect(swarm.evictionOf(person.certificate)?.reason).toMatch("replaced by");
  expect(holders(world, "ann")).toEqual([]);
});
