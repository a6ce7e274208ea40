import { describe, expect, test } from "vitest";
import { enrol, memberOf } from "../people.ts";
import { World } from "../world.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const holds = (world: World, id: string): boolean =>
  [...world.hosts.values()].every(({ policy }) => policy.ids.has(id));

describe("anti-entropy", () => {
  test("brings policy that gossip missed to everyone, through the digests of probes", () => {
    const world = World.formed(["a", "b", "c"]);
    world.gossips = false;
    world.publish("a", "doc");
    const tookMs = world.runUntil(() => holds(world, "doc"), 3_000);
    expect(tookMs).toBeLessThan(2_000);
    expect(world.transcript("b")).toMatchInlineSnapshot(`
      [
        "3555 ms: digest from a -> summary to a",
        "3565 ms: policy doc",
      ]
    `);
  });

  test("brings it to twenty agents on their rings within seconds", () => {
    const world = World.formed(names(20));
    world.gossips = false;
    world.publish("n0", "doc");
    world.runUntil(() => holds(world, "doc"), 5_000);
  });

  test("brings an agent that was away what was published meanwhile", () => {
    const world = World.formed(["a", "b", "c"]);
    world.kill("c");
    world.run(1_000);
    world.publish("a", "doc");
    world.act("a", "announce", (swarm, turn) => swarm.announce(["web"], turn));
    world.run(10_000);
    world.boot("c");
    world.runUntil(
      () => holds(world, "doc") && world.host("c").swarm.peers.providersOf("web").length === 1,
      2_000,
    );
  });

  test("tells a newcomer of a thousand members in bounded pieces, and it goes on until all are there", () => {
    const world = World.formed(["a", "b"]);
    const crowd = Array.from({ length: 1_000 }, (_, index) =>
      memberOf(enrol(`m${index}`), [1, 1, 0], { status: "left" }),
    );
    const from = world.agent("b");
    for (const name of ["a", "b"]) {
      world.feed(world.host(name), { type: "rumor", from, rumor: { type: "members", members: crowd } });
    }
    world.run(2_000);
    world.clear();
    world.boot("c", [world.host("a").swarm.ownMember() ?? memberOf(enrol("a"), [1, 1, 0])]);
    world.runUntil(() => world.host("c").swarm.members().length === 1_003, 5_000);
    expect(world.sent.get("items")).toBeGreaterThanOrEqual(1_000 / 16);
  });

  test("tells news that gossip has brought on to few: three sessions of each agent, not all eleven", () => {
    const world = World.formed(names(12));
    world.run(5_000);
    world.clear();
    world.run(1_000);
    const atRest = world.probes.length;
    world.clear();
    world.publish("n0", "doc");
    world.run(1_000);
    expect(holds(world, "doc")).toBe(true);
    expect(world.probes.length).toBeLessThanOrEqual(atRest + 3 * 12);
    for (const name of names(12)) {
      const told = world.probes.filter(({ atMs, from }) => from === name && atMs >= world.nowMs - 710);
      expect(told.length).toBeGreaterThan(0);
    }
  });

  test("comes to rest: equal agents exchange nothing but probes", () => {
    const world = World.formed(["a", "b", "c", "d"]);
    world.run(5_000);
    world.clear();
    world.run(60_000);
    expect(world.sent.get("items")).toBeUndefined();
    expect(world.sent.get("want")).toBeUndefined();
    expect(world.sent.get("digest")).toBeUndefined();
  });

  test("does not wear itself out on what the other refuses", () => {
    const world = World.formed(["a", "b"]);
    // What b holds, a never takes: its quota is used up, say.
    const refusing = world.host("a").policy;
    refusing.wantedFrom = () => [];
    refusing.ids.add = () => refusing.ids;
    world.publish("b", "doc");
    world.run(60_000);
    expect(world.sent.get("digest")).toBeLessThanOrEqual(16);
  });
});
