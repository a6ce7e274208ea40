import { describe, expect, test } from "vitest";
import type { DeathCertificate } from "../../../src/contract/statements.ts";
import { defaultSettings } from "../../../src/settings.ts";
import { Directory } from "../../../src/swarm/members/directory.ts";
import { Roster } from "../../../src/swarm/members/roster.ts";
import { Observers } from "../../../src/swarm/observing/observers.ts";
import { fakeCrypto, memberOf, voteOf } from "../people.ts";
import { World } from "../world.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const incarnation = [1, 1, 0] as const;
const subject = "n0";

/** The names of those who observe the subject while everyone lives. */
function observersOf(world: World): readonly string[] {
  const people = [...world.hosts.values()].map(({ person }) => person);
  const directory = new Directory(Roster.of([], defaultSettings.ringCount, fakeCrypto));
  for (const person of people) directory.accept(memberOf(person, incarnation));
  const { observers } = new Observers(directory, defaultSettings).of(world.agent(subject));
  return people.filter(({ agent }) => observers.includes(agent)).map(({ name }) => name);
}

/** Someone who does not observe the subject. */
function strangerIn(world: World): string {
  const observers = observersOf(world);
  return [...world.hosts.keys()].find((name) => name !== subject && !observers.includes(name)) ?? "";
}

/** How often an agent has dialed the subject. */
function dialsOf(world: World, name: string): number {
  return world.transcript(name).filter((line) => line.includes(`dial ${subject} fresh`)).length;
}

function certificateBy(world: World, liars: readonly string[]): DeathCertificate {
  const { person } = world.host(subject);
  const votes = liars
    .map((name) => voteOf(world.host(name).person, person, incarnation))
    .sort((left, right) => (left.vote.observer < right.vote.observer ? -1 : 1));
  return { subject: person.agent, incarnation, votes };
}

/** Liars tell some agents that the subject is dead, by certificate and by votes. */
function tell(world: World, liars: readonly string[], to: readonly string[]): void {
  const death = certificateBy(world, liars);
  for (const name of to) {
    const from = world.agent(liars[0] ?? subject);
    world.feed(world.host(name), { type: "rumor", from, rumor: { type: "deaths", deaths: [death] } });
    for (const vote of death.votes) {
      const message = { type: "votes", votes: [vote] } as const;
      world.feed(world.host(name), { type: "message", from: vote.vote.observer, message });
    }
  }
}

/** The longest time without a break for which one held the subject dead, in steps of a tenth of a second. */
function deadForMs(world: World, victim: string, forMs: number, again: () => void): number {
  let longest = 0;
  let sinceMs = world.nowMs;
  const endMs = world.nowMs + forMs;
  while (world.nowMs < endMs) {
    if (world.nowMs % 1_000 === 0) again();
    world.run(100);
    if (world.verdict(victim, subject) !== "dead") sinceMs = world.nowMs;
    longest = Math.max(longest, world.nowMs - sinceMs);
  }
  return longest;
}

describe("less than a quorum", () => {
  for (const how of ["cut", "refused"] as const) {
    for (const duty of ["observer", "other"] as const) {
      test(`misleads at most one agent whose link is ${how}, for seconds: ${duty}`, () => {
        const all = names(40);
        const world = World.formed(all);
        const observers = observersOf(world);
        // Half of the quorum, which is 6 where there are 8 observers.
        const liars = observers.slice(0, 3);
        const victim = (duty === "observer" ? observers[3] : strangerIn(world)) ?? "";
        const isCut = (from: string, to: string): boolean =>
          [from, to].includes(victim) && [from, to].includes(subject);
        world.passes = (from, to) => !isCut(from, to);
        world.refuses = (from, to) => how === "refused" && isCut(from, to);
        world.closeSocket(victim, subject);
        const longest = deadForMs(world, victim, 60_000, () => tell(world, liars, [victim]));
        expect(longest).toBeLessThan(5_000);
        const misled = world.events.filter(({ event }) => event.name === "swarm.dead");
        expect(misled.filter(({ name }) => name !== victim)).toEqual([]);
        expect(world.verdicts(subject).filter((verdict) => verdict === "dead")).toEqual([]);
      });
    }
  }

  test("kills nobody that is stopped for less than the wait for stalled ones", () => {
    const all = names(40);
    const world = World.formed(all);
    const liars = observersOf(world).slice(0, 3);
    const honest = all.filter((name) => name !== subject && !liars.includes(name));
    world.pause(subject);
    tell(world, liars, honest);
    world.run(18_000);
    expect(world.told("swarm.dead")).toEqual([]);
    world.resume(subject);
    world.run(10_000);
    expect(world.verdicts(subject)).toEqual(["reachable"]);
  });

  test("finds nobody dead whom only an agent without a network does not reach", () => {
    const world = World.formed(names(40));
    const [liars, victim] = [observersOf(world).slice(0, 3), strangerIn(world)];
    world.passes = (from, to) => from !== victim && to !== victim;
    tell(world, liars, [victim]);
    // Long enough for an agent that trusts itself least.
    world.run(150_000);
    expect(world.told("swarm.dead").filter((line) => line.startsWith(`${victim}: `))).toEqual([]);
  });

  test("finds nobody dead after a sleep sooner than before it", () => {
    const world = World.formed(names(40));
    const [liars, victim] = [observersOf(world).slice(0, 3), strangerIn(world)];
    world.passes = (from, to) => !([from, to].includes(victim) && [from, to].includes(subject));
    tell(world, liars, [victim]);
    world.run(4_000);
    expect(dialsOf(world, victim)).toBeGreaterThan(0);
    world.pause(victim);
    world.run(60_000);
    world.resume(victim);
    world.run(4_000);
    expect(dialsOf(world, victim)).toBeGreaterThan(1);
    // Nor for a moment, until the subject says that it lives.
    const misled = world.told("swarm.dead").filter((line) => line.startsWith(`${victim}: ${subject} `));
    expect(misled).toEqual([]);
  });

  test("is not made less by a certificate with fewer votes", () => {
    const world = World.formed(names(40));
    const [liars, victim] = [observersOf(world).slice(0, 3), strangerIn(world)];
    world.refuses = (from, to) => from === victim && to === subject;
    for (const votes of [liars, liars.slice(0, 1)]) {
      const rumor = { type: "deaths", deaths: [certificateBy(world, votes)] } as const;
      world.feed(world.host(victim), { type: "rumor", from: world.agent(liars[0] ?? ""), rumor });
    }
    world.run(4_000);
    expect(world.told("swarm.dead")).toEqual([`${victim}: ${subject} (3 votes: 3 refused)`]);
  });

  test("and less than half of one makes nobody dial its subject", () => {
    const world = World.formed(names(40));
    const victim = strangerIn(world);
    tell(world, observersOf(world).slice(0, 2), [victim]);
    world.run(10_000);
    expect(dialsOf(world, victim)).toBe(0);
  });
});

test("one of three finds nobody dead while the third is gone, whatever a host refuses", () => {
  const world = World.formed(["a", "b", "c"]);
  world.passes = () => false;
  world.refuses = (from, to) => from + to === "ab" || from + to === "ba";
  for (const [left, right] of ["ab", "ac", "bc"] as unknown as [string, string][])
    world.closeSocket(left, right);
  world.run(60_000);
  expect(world.told("swarm.dead")).toEqual([]);
  expect(world.verdict("a", "b")).toBe("unreachable");
});

test("half of a quorum decides nothing once the subject is there again, though its refutation does not come", () => {
  const world = World.formed(["a", "b", "c", "d", "e"]);
  const subject = world.host("c").person;
  world.passes = (from, to) => from !== "c" && to !== "c";
  world.refuses = (from, to) => from === "a" && to === "c";
  world.closeSocket("a", "c");
  world.run(50);
  const votes = [voteOf(world.host("b").person, subject, incarnation)];
  const deaths = [{ subject: subject.agent, incarnation, votes }];
  const from = world.agent("b");
  world.feed(world.host("a"), { type: "message", from, message: { type: "votes", votes } });
  world.feed(world.host("a"), { type: "rumor", from, rumor: { type: "deaths", deaths } });
  const toldMs = world.nowMs;
  world.run(2_300);
  world.refuses = () => false;
  world.passes = (one, other) => (one !== "c" && other !== "c") || one === "a" || other === "a";
  world.isDeaf = (one) => one === "c";
  world.runUntil(() => world.metMs("a", "c") > toldMs, 740);
  world.run(toldMs + 3_050 - world.nowMs);
  expect(world.verdict("a", "c")).not.toBe("dead");
  expect(world.told("swarm.dead")).toEqual([]);
});

describe("a death is published, whatever a liar tells those who are about to", () => {
  for (const way of ["a certificate that falls short", "their own certificate, in a session"] as const) {
    test(way, () => {
      const world = World.formed(names(30));
      const observers = observersOf(world);
      const [liar = ""] = observers;
      const others = names(30).filter((name) => name !== subject && name !== liar);
      const isKnown = (name: string): boolean => world.verdict(name, subject) === "dead";
      world.pause(liar);
      world.kill(subject);
      for (let tick = 0; tick < 200 && !others.every(isKnown); tick += 1) {
        world.run(5);
        const from = world.agent(liar);
        for (const name of others) {
          if (way === "a certificate that falls short") {
            const rumor = { type: "deaths", deaths: [certificateBy(world, [liar])] } as const;
            world.feed(world.host(name), { type: "rumor", from, rumor });
          } else if (isKnown(name)) {
            const message = { type: "deaths", deaths: [certificateBy(world, observers)] } as const;
            world.feed(world.host(name), { type: "message", from, message });
          }
        }
      }
      expect(others.filter((name) => !isKnown(name))).toEqual([]);
      expect(world.lines.filter(({ text }) => text.includes("publish deaths")).length).toBeGreaterThan(0);
    });
  }
});
