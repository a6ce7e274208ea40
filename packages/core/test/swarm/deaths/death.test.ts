import { describe, expect, test } from "vitest";
import type { Member } from "../../../src/contract/statements.ts";
import { defaultSettings } from "../../../src/settings.ts";
import { Directory } from "../../../src/swarm/members/directory.ts";
import { Roster } from "../../../src/swarm/members/roster.ts";
import { Observers } from "../../../src/swarm/observing/observers.ts";
import { type enrol, fakeCrypto, memberOf, voteOf } from "../people.ts";
import { World } from "../world.ts";

const five = ["a", "b", "c", "d", "e"];
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);

describe("a process that is killed", () => {
  test("is refused, voted on, and dead by quorum within a blink", () => {
    const world = World.formed(five);
    world.kill("c");
    world.runUntil(() => world.verdicts("c").join() === "dead", 1_500);
    world.run(50);
    expect(world.transcript("a")).toMatchInlineSnapshot(`
      [
        "3001 ms: c disconnected -> swarm.suspected c; dial c fresh",
        "3011 ms: dialed c fresh: refused -> swarm.unreachable c; persist sync vote; sign vote 1.1.0",
        "3011 ms: signed vote -> votes to d; votes to b; votes to e",
        "3016 ms: votes from d",
        "3016 ms: votes from b -> swarm.dead c",
        "3016 ms: votes from e",
        "3036 ms: wake -> publish deaths",
        "3056 ms: rumor of deaths",
      ]
    `);
  });

  test("is known to all 19 others within 1.5 s where only some observe it", () => {
    const world = World.formed(names(20));
    world.kill("n5");
    world.runUntil(() => world.verdicts("n5").join() === "dead", 1_500);
    // Votes go between fellow observers only; the others hear of the certificate.
    const observers = world.told("swarm.unreachable").length;
    expect(observers).toBeLessThanOrEqual(10);
    expect(world.sent.get("votes")).toBeLessThanOrEqual(observers * (observers - 1));
  });

  test("is only unreachable where there are two members", () => {
    const world = World.formed(["a", "b"]);
    world.kill("b");
    world.run(120_000);
    expect(world.verdict("a", "b")).toBe("unreachable");
    expect(world.told("swarm.dead")).toEqual([]);
  });

  test("is found by whoever takes the place of dead observers, when a third dies at once", () => {
    const all = names(40);
    const world = World.formed(all);
    // Who has just started does not vote on those whom it has not met.
    world.run(defaultSettings.cutVoteAfterMs);
    const dead = all.filter((_, index) => index % 3 === 1);
    for (const name of dead) world.kill(name);
    world.runUntil(() => dead.every((name) => world.verdicts(name).join() === "dead"), 5_000);
  });

  test("is no death where all have just started, and find others not there yet", () => {
    const all = names(20);
    const world = World.formed(all);
    const late = all.filter((_, index) => index % 3 === 1);
    for (const name of all) world.kill(name);
    world.run(1_000);
    for (const name of all) if (!late.includes(name)) world.boot(name);
    world.run(6_000);
    for (const name of late) world.boot(name);
    world.runUntil(() => all.every((name) => world.verdicts(name).join() === "reachable"), 5_000);
    expect(world.told("swarm.dead")).toEqual([]);
  });

  test("is found too when its host vanishes without a word", () => {
    const all = names(40);
    const world = World.formed(all);
    const dead = new Set(all.filter((_, index) => index % 4 === 1));
    world.passes = (from, to) => !dead.has(from) && !dead.has(to);
    const survivors = all.filter((name) => !dead.has(name));
    const isKnown = (name: string): boolean =>
      survivors.every((other) => world.verdict(other, name) === "dead");
    world.runUntil(() => [...dead].every(isKnown), 90_000);
    for (const name of survivors)
      for (const other of survivors) expect(world.verdict(name, other)).toBe("reachable");
  });

  test("returns by a newer boot", () => {
    const world = World.formed(five);
    world.kill("c");
    world.run(2_000);
    world.clear();
    world.boot("c");
    world.runUntil(() => world.verdicts("c").join() === "reachable", 1_500);
    expect(world.host("c").swarm.boot).toBe(2);
    expect(world.told("swarm.returned")).toHaveLength(4);
    expect(world.transcript("a")).toMatchInlineSnapshot(`
      [
        "5062 ms: rumor of members -> swarm.returned c; persist batched member",
      ]
    `);
  });
});

describe("what is no death", () => {
  test("a socket that is cut while both processes live", () => {
    const world = World.formed(five);
    world.closeSocket("a", "b");
    world.run(60_000);
    expect(world.transcript("a").slice(0, 2)).toMatchInlineSnapshot(`
      [
        "3001 ms: b disconnected -> swarm.suspected b; dial b fresh",
        "3016 ms: hello b -> swarm.refuted b",
      ]
    `);
    expect(world.told("swarm.unreachable")).toEqual([]);
    expect(world.told("swarm.dead")).toEqual([]);
  });

  test("a process that stops for less than the wait for stalled ones", () => {
    const world = World.formed(five);
    world.pause("c");
    world.runUntil(() => world.verdicts("c").join() === "stalled", 5_000);
    world.run(15_000);
    expect(world.told("swarm.dead")).toEqual([]);
    world.resume("c");
    world.runUntil(() => world.verdicts("c").join() === "reachable", 1_000);
    world.run(5_000);
    expect(five.filter((name) => name !== "c").map((name) => world.verdict("c", name))).toEqual(
      new Array(4).fill("reachable"),
    );
  });

  test("a link that is cut between two who both reach the others", () => {
    const world = World.formed(five);
    world.passes = (from, to) => !(from + to === "ab" || from + to === "ba");
    world.run(120_000);
    expect(world.verdict("a", "b")).toBe("unreachable");
    expect(world.verdicts("b")).toEqual(["reachable", "unreachable"]);
    expect(world.told("swarm.dead")).toEqual([]);
    const view = world
      .host("a")
      .swarm.inspect({ monoMs: 0, wallMs: 0 })
      .members.find(({ name }) => name === "b");
    expect(view?.why).toMatch(/nothing comes back from its addresses; agent_.* reaches it/);
  });

  test("everyone else, to an agent that is cut off: it says so and accuses nobody", () => {
    const world = World.formed(five);
    world.passes = (from, to) => from !== "a" && to !== "a";
    world.run(60_000);
    expect(world.verdicts("b")).toEqual(["reachable", "unreachable"]);
    const [told] = world.events.filter(({ event }) => event.name === "swarm.partitioned");
    expect([told?.name, told?.event.fields["cutOff"]]).toEqual(["a", true]);
    expect(world.transcript("a").filter((line) => line.includes("sign vote"))).toEqual([]);
  });

  test("the other half of a partition, for either half; and both are one again within 3 s of the heal", () => {
    const all = names(30);
    const world = World.formed(all);
    const isLeft = (name: string): boolean => Number(name.slice(1)) % 2 === 0;
    world.passes = (from, to) => isLeft(from) === isLeft(to);
    world.run(60_000);
    expect(world.told("swarm.dead")).toEqual([]);
    world.passes = () => true;
    world.runUntil(() => all.every((name) => world.verdicts(name).join() === "reachable"), 3_000);
    world.run(3_000);
    const incarnations = (name: string): string =>
      JSON.stringify(
        world
          .host(name)
          .swarm.members()
          .map(({ entry }) => entry.entry.incarnation),
      );
    expect(new Set(all.map(incarnations)).size).toBe(1);
  });
});

describe("an accusation", () => {
  test("that came to a quorum while its subject was stopped is refuted when it goes on", () => {
    const world = World.formed(five);
    world.pause("c");
    world.runUntil(() => world.verdicts("c").join() === "dead", 60_000);
    world.clear();
    world.resume("c");
    world.runUntil(() => world.verdicts("c").join() === "reachable", 1_500);
    world.run(5_000);
    expect(world.verdicts("c")).toEqual(["reachable"]);
    expect(world.told("swarm.refuted")).toMatchInlineSnapshot(`
      [
        "c: c (told by its accuser)",
      ]
    `);
    expect(world.transcript("c").filter((line) => line.includes("refuted"))).toMatchInlineSnapshot(`
      [
        "27410 ms: probe from e -> sign entry 1.1.1; swarm.refuted c",
      ]
    `);
  });

  test("reaches its subject first: on the next probe, from whoever holds votes", () => {
    const world = World.formed(five);
    const [subject, voter] = [world.host("c").person, world.host("d").person];
    const incarnation = world.host("c").swarm.ownMember()?.entry.entry.incarnation ?? [0, 0, 0];
    const votes = [voteOf(voter, subject, incarnation)];
    world.feed(world.host("a"), { type: "message", from: voter.agent, message: { type: "votes", votes } });
    world.run(3_000);
    expect(world.transcript("a")).toMatchInlineSnapshot(`
      [
        "3000 ms: votes from d -> probe with accusation to c; dial c fresh",
        "3010 ms: items from c -> swarm.refuted c; persist batched member",
        "3025 ms: rumor of members",
      ]
    `);
    expect(world.transcript("c")).toMatchInlineSnapshot(`
      [
        "3005 ms: probe from a -> sign entry 1.1.1; swarm.refuted c",
        "3005 ms: signed entry -> publish members; items to a",
      ]
    `);
    expect(
      world
        .host("a")
        .swarm.inspect({ monoMs: 0, wallMs: 0 })
        .members.every(({ votes: held }) => held.length === 0),
    ).toBe(true);
  });

  test("of an older incarnation is void, and its voter gets the newer entry", () => {
    const world = World.formed(five);
    world.act("c", "announce", (swarm, turn) => swarm.announce(["web"], turn));
    world.run(500);
    world.clear();
    const [subject, voter] = [world.host("c").person, world.host("d").person];
    const votes = [voteOf(voter, subject, [1, 1, 0])];
    world.feed(world.host("a"), { type: "message", from: voter.agent, message: { type: "votes", votes } });
    expect(world.transcript("a")).toMatchInlineSnapshot(`
      [
        "3500 ms: votes from d -> items to d",
      ]
    `);
  });

  test("that is forged by members who do not observe its subject comes to nothing", () => {
    const all = names(30);
    const world = World.formed(all);
    const people = all.map((name) => world.host(name).person);
    const directory = new Directory(Roster.of([], defaultSettings.ringCount, fakeCrypto));
    for (const person of people) directory.accept(memberOf(person, [1, 1, 0]));
    const [subject] = people as [(typeof people)[number]];
    const { observers } = new Observers(directory, defaultSettings).of(subject.agent);
    const strangers = people.filter(({ agent }) => agent !== subject.agent && !observers.includes(agent));
    const votes = strangers
      .map((person) => voteOf(person, subject, [1, 1, 0]))
      .sort((left, right) => (left.vote.observer < right.vote.observer ? -1 : 1));
    const death = { subject: subject.agent, incarnation: [1, 1, 0] as const, votes };
    for (const name of all.slice(1)) {
      const from = strangers[0]?.agent ?? subject.agent;
      world.feed(world.host(name), { type: "rumor", from, rumor: { type: "deaths", deaths: [death] } });
    }
    world.run(1_000);
    expect(world.told("swarm.dead")).toEqual([]);
    expect(world.verdicts("n0")).toEqual(["reachable"]);
  });

  test("with half of a quorum is checked by an own dial: it stands if the subject's host refuses", () => {
    for (const isGone of [false, true]) {
      const all = names(30);
      const world = World.formed(all);
      const people = all.map((name) => world.host(name).person);
      const directory = new Directory(Roster.of([], defaultSettings.ringCount, fakeCrypto));
      for (const person of people) directory.accept(memberOf(person, [1, 1, 0]));
      const [subject] = people as [(typeof people)[number]];
      const { observers } = new Observers(directory, defaultSettings).of(subject.agent);
      const stranger = people.findLast(({ agent }) => !observers.includes(agent)) ?? subject;
      const votes = people
        .filter(({ agent }) => observers.slice(0, 5).includes(agent))
        .map((person) => voteOf(person, subject, [1, 1, 0]))
        .sort((left, right) => (left.vote.observer < right.vote.observer ? -1 : 1));
      const death = { subject: subject.agent, incarnation: [1, 1, 0] as const, votes };
      const from = people[1]?.agent ?? subject.agent;
      // Nothing else reaches the stranger: it must see for itself.
      const { name } = stranger;
      world.passes = (left, right) =>
        left === name || right === name ? left === "n0" || right === "n0" : true;
      if (isGone) world.kill("n0");
      world.feed(world.host(name), { type: "rumor", from, rumor: { type: "deaths", deaths: [death] } });
      world.run(26_000);
      expect(world.verdict(name, "n0")).toBe(isGone ? "dead" : "reachable");
      if (!isGone) expect(world.host("n0").swarm.ownMember()?.entry.entry.incarnation).toEqual([1, 1, 1]);
    }
  });

  test("that is proven but wrong is ignored by whoever has a living link, and refuted by its subject", () => {
    const world = World.formed(five);
    const [a, b, c, d] = five.map((name) => world.host(name).person) as [
      ...[
        ReturnType<typeof enrol>,
        ReturnType<typeof enrol>,
        ReturnType<typeof enrol>,
        ReturnType<typeof enrol>,
      ],
    ];
    const votes = [a, b, d]
      .map((person) => voteOf(person, c, [1, 1, 0]))
      .sort((left, right) => (left.vote.observer < right.vote.observer ? -1 : 1));
    const death = { subject: c.agent, incarnation: [1, 1, 0] as const, votes };
    world.feed(world.host("e"), { type: "rumor", from: a.agent, rumor: { type: "deaths", deaths: [death] } });
    world.run(1_000);
    expect(world.transcript("e")).toMatchInlineSnapshot(`
      [
        "3000 ms: rumor of deaths -> probe with accusation to c; dial c fresh",
        "3010 ms: items from c -> swarm.refuted c; persist batched member",
        "3025 ms: rumor of members",
      ]
    `);
    expect(world.told("swarm.dead")).toEqual([]);
    expect(world.verdicts("c")).toEqual(["reachable"]);
    expect(world.host("c").swarm.ownMember()?.entry.entry.incarnation).toEqual([1, 1, 1]);
  });

  test("of an incarnation beyond all bounds silences nobody (memberlist#358)", () => {
    const world = World.formed(five);
    const { person } = world.host("c");
    const far = 2 ** 32;
    const forged: Member = memberOf(person, [1, far, 0], { status: "left" });
    const votes = five
      .filter((name) => name !== "c")
      .map((name) => voteOf(world.host(name).person, person, [1, far, 0]))
      .sort((left, right) => (left.vote.observer < right.vote.observer ? -1 : 1));
    const death = { subject: person.agent, incarnation: [1, far, 0] as const, votes };
    for (const name of five) {
      const from = world.host("b").person.agent;
      world.feed(world.host(name), { type: "rumor", from, rumor: { type: "deaths", deaths: [death] } });
      if (name === "c") continue;
      world.feed(world.host(name), { type: "rumor", from, rumor: { type: "members", members: [forged] } });
    }
    world.run(10_000);
    expect(world.verdicts("c")).toEqual(["reachable"]);
    expect(world.host("c").swarm.inspect({ monoMs: 0, wallMs: 0 }).incarnation).toEqual([1, 1, 0]);
  });
});
