import { describe, expect, test } from "vitest";
import { enrol, memberOf } from "../people.ts";
import { World } from "../world.ts";

const three = ["a", "b", "c"];
const incarnationIn = (world: World, of: string, about: string): string | undefined =>
  world
    .host(of)
    .swarm.members()
    .find(({ certificate }) => certificate.agent === world.agent(about))
    ?.entry.entry.incarnation.join(".");

describe("membership", () => {
  test("a third member joins through one of two", () => {
    const world = World.formed(["a", "b"]);
    world.boot("c", [world.host("a").swarm.ownMember() ?? memberOf(enrol("a"), [1, 1, 0])]);
    world.run(2_000);
    expect(world.transcript("a")).toMatchInlineSnapshot(`
      [
        "3059 ms: hello c -> swarm.joined c; persist batched member",
        "3079 ms: rumor of members",
      ]
    `);
    expect(world.transcript("b")).toMatchInlineSnapshot(`
      [
        "3099 ms: rumor of members -> swarm.joined c; persist batched member",
        "3147 ms: wake -> dial c session",
      ]
    `);
    expect(world.transcript("c")).toMatchInlineSnapshot(`
      [
        "3000 ms: started -> persist sync incarnation; sign entry 1.1.0",
        "3000 ms: signed entry -> publish members",
        "3044 ms: wake -> dial a session",
        "3059 ms: hello a -> publish members",
        "3162 ms: hello b -> swarm.joined b; persist batched member",
      ]
    `);
    for (const name of three) expect(world.host(name).swarm.members()).toHaveLength(3);
    expect(world.told("swarm.joined")).toHaveLength(3);
  });

  test("a member that was just enrolled is made known by its inviter", () => {
    const world = World.formed(["a", "b"]);
    world.feed(world.host("a"), { type: "enrolled", member: memberOf(enrol("z"), [1, 1, 0]) });
    world.run(200);
    expect(world.told("swarm.joined")).toEqual([
      "a: z (enrolled by certificate)",
      "b: z (enrolled by certificate)",
    ]);
  });

  test("a goodbye is no death: it is believed at once and nobody dials after it", () => {
    const world = World.formed(three);
    world.act("c", "leave", (swarm, turn) => swarm.leave(turn));
    world.run(100);
    expect(world.host("c").swarm.hasLeft).toBe(true);
    world.kill("c");
    world.run(60_000);
    expect(world.verdicts("c")).toEqual(["left"]);
    expect(world.told("swarm.suspected")).toEqual([]);
    expect(world.lines.filter(({ text }) => text.includes("dial c"))).toEqual([]);
    world.boot("c");
    world.runUntil(() => world.verdicts("c").join() === "reachable", 1_500);
  });

  test("a changed set of capabilities is a new incarnation; the same set is not", () => {
    const world = World.formed(three);
    world.act("a", "announce", (swarm, turn) => swarm.announce(["web", "api", "web"], turn));
    world.run(500);
    expect(world.host("b").swarm.peers.providersOf("web")).toEqual([world.agent("a")]);
    expect(world.host("a").swarm.peers.providersOf("web")).toEqual([]);
    expect(incarnationIn(world, "b", "a")).toBe("1.1.1");
    const { revision } = world.host("b").swarm;
    world.act("a", "announce", (swarm, turn) => swarm.announce(["api", "web"], turn));
    world.run(500);
    expect(incarnationIn(world, "b", "a")).toBe("1.1.1");
    expect(world.host("b").swarm.revision).toBe(revision);
    world.kill("a");
    world.run(500);
    expect(world.host("b").swarm.peers.providersOf("web")).toEqual([]);
    expect(world.host("b").swarm.revision).toBeGreaterThan(revision);
  });

  test("a glance tells who is there, and who is missing but has not left", () => {
    const world = World.formed(three);
    const glance = () => world.host("a").swarm.peers.glance();
    expect(glance()).toEqual({ cutOff: false, reachable: 2, missing: [] });
    world.kill("b");
    world.runUntil(() => glance().missing.length > 0, 60_000);
    expect(glance()).toEqual({ cutOff: false, reachable: 1, missing: ["b"] });
    world.act("c", "leave", (swarm, turn) => swarm.leave(turn));
    world.runUntil(() => glance().reachable === 0, 60_000);
    expect(glance()).toMatchObject({ missing: ["b"] });
  });

  test("the boot counter is durable before anything is said in its name", () => {
    const world = World.formed(three);
    world.boot("d");
    const [first] = world.transcript("d");
    expect(first).toContain("started -> persist sync incarnation; sign entry 1.1.0");
  });

  test("an agent whose state was restored from an older copy goes on above what it once said", () => {
    const world = World.formed(three);
    for (let life = 2; life <= 5; life += 1) {
      world.kill("c");
      world.run(1_000);
      world.boot("c");
      world.run(1_000);
    }
    expect(incarnationIn(world, "a", "c")).toBe("1.5.0");
    world.kill("c");
    world.run(1_000);
    world.host("c").records.set("incarnation", { v: 1, boot: 2 });
    world.clear();
    world.boot("c");
    world.runUntil(() => world.verdicts("c").join() === "reachable", 3_000);
    expect(incarnationIn(world, "a", "c")).toBe("1.6.0");
    expect(world.host("c").records.get("incarnation")).toEqual({ v: 1, boot: 6 });
    expect(world.told("swarm.refuted")).toContain("c: c (an entry of its own that it does not remember)");
  });

  test("members are persisted as they came, the own entry is not", () => {
    const world = World.formed(three);
    world.run(1_000);
    const keys = [...world.host("a").records.keys()].filter((key) => key.startsWith("member/"));
    expect(keys.sort()).toEqual(["b", "c"].map((name) => `member/${world.agent(name)}`).sort());
  });

  test("up to 12 members keep a session to everyone, more keep at most ten", () => {
    const all = Array.from({ length: 12 }, (_, index) => `n${index}`);
    const mesh = World.formed(all);
    expect(all.map((name) => mesh.host(name).sessions.size)).toEqual(new Array(12).fill(11));
    const many = Array.from({ length: 30 }, (_, index) => `n${index}`);
    const rings = World.formed(many);
    for (const name of many) expect(rings.host(name).sessions.size).toBeLessThanOrEqual(10);
  });

  test("sessions that were only asked for to deliver votes are given up", () => {
    const many = Array.from({ length: 30 }, (_, index) => `n${index}`);
    const world = World.formed(many);
    world.kill("n7");
    world.run(1_000);
    expect(Math.max(...many.map((name) => world.host(name).sessions.size))).toBeGreaterThan(10);
    world.run(70_000);
    for (const name of many) expect(world.host(name).sessions.size).toBeLessThanOrEqual(10);
  });

  test("of a pair at rest one probes and the other does not need to", () => {
    const world = World.formed(["a", "b"]);
    world.run(20_000);
    expect(world.sent.get("probe")).toBeLessThanOrEqual(11);
    expect(world.sent.get("ack")).toBe(world.sent.get("probe"));
  });

  test("an agent that was stopped doubts itself before its peers", () => {
    const world = World.formed(three);
    world.pause("a");
    world.run(8_000);
    world.clear();
    world.resume("a");
    world.run(3_000);
    const suspected = world.events.filter(
      ({ name, event }) => name === "a" && event.name === "swarm.suspected",
    );
    expect(suspected).toEqual([]);
  });
});
