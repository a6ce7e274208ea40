import { describe, expect, test } from "vitest";
import type { MemberView } from "../../../src/contract/inspection.ts";
import type { Sighting } from "../../../src/contract/statements.ts";
import { sightingOf } from "../people.ts";
import { World } from "../world.ts";

/** Enough for rings. */
const names = Array.from({ length: 20 }, (_, index) => `m${String(index).padStart(2, "0")}`);
const subject = "m03";

function viewOf(world: World, of: string): MemberView {
  const { members } = world.host(of).swarm.inspect({ monoMs: world.nowMs, wallMs: 0 });
  const view = members.find(({ agent }) => agent === world.agent(subject));
  if (view === undefined) throw new Error(`${of} does not know ${subject}`);
  return view;
}

const others = names.filter((name) => name !== subject);
const observersIn = (world: World): string[] => others.filter((name) => viewOf(world, name).observedByMe);
const strangersIn = (world: World): string[] => others.filter((name) => !viewOf(world, name).observedByMe);

function cut(world: World, ...gone: readonly string[]): void {
  world.passes = (from, to) => gone.includes(from) === gone.includes(to);
}

function heal(world: World): void {
  world.passes = () => true;
}

function hold(world: World, verdict: string): () => boolean {
  return () => world.verdicts(subject).join() === verdict;
}

/** Who published sightings, in their order. */
function rumorsIn(world: World): string[] {
  return world.lines.filter(({ text }) => text.endsWith("publish sightings")).map(({ name }) => name);
}

/** Gives the word of some to one agent, as rumors do. */
function say(world: World, to: string, from: readonly string[], finding: Sighting["finding"], n = 1): void {
  const { person } = world.host(subject);
  const { incarnation } = viewOf(world, to);
  for (const name of from) {
    const sighting = sightingOf(world.host(name).person, person, incarnation, finding, n);
    const rumor = { type: "sightings", sightings: [sighting] } as const;
    world.feed(world.host(to), { type: "rumor", from: world.agent(name), rumor });
  }
}

describe("whoever is cut off", () => {
  test("is unreachable to everyone within 8 s by the word of two, dead by quorum, and back after the heal", () => {
    const world = World.formed(names);
    const strangers = strangersIn(world);
    expect(strangers.length).toBeGreaterThan(5);
    cut(world, subject);
    world.runUntil(hold(world, "unreachable"), 8_000);
    const [stranger = ""] = strangers;
    expect(viewOf(world, stranger).why).toMatch(/^out of reach of m\d\d, m\d\d/);
    expect(world.told("swarm.unreachable").filter((line) => line.startsWith(`${stranger}: `))).toEqual([
      expect.stringMatching(/^m\d\d: m03 \(out of reach of m\d\d, m\d\d\)$/),
    ]);
    world.run(3_000);
    // The one that is cut off speaks too, until it finds that the fault is its own: nobody hears it.
    const heard = rumorsIn(world).filter((name) => name !== subject);
    expect(heard).toHaveLength(2);
    expect(observersIn(world)).toEqual(expect.arrayContaining(heard));
    world.runUntil(hold(world, "dead"), 20_000);
    world.run(30_000);
    const cutOff = world.events.find(
      ({ name, event }) => name === subject && event.fields["cutOff"] === true,
    );
    const later = world.lines.filter(({ atMs, name }) => name === subject && atMs > Number(cutOff?.atMs));
    expect(later.length).toBeGreaterThan(0);
    expect(later.filter(({ text }) => text.endsWith("publish sightings"))).toEqual([]);
    heal(world);
    world.runUntil(hold(world, "reachable"), 40_000);
  });

  test("ends to be so for everyone within a second from when its observers have it again", () => {
    const world = World.formed(names);
    const strangers = strangersIn(world);
    cut(world, subject);
    world.runUntil(hold(world, "unreachable"), 8_000);
    world.run(2_000);
    heal(world);
    world.runUntil(
      () => observersIn(world).every((name) => world.verdict(name, subject) === "reachable"),
      9_000,
    );
    world.runUntil(hold(world, "reachable"), 1_000);
    world.run(5_000);
    for (const name of strangers) {
      const lines = world.told("swarm.returned").filter((line) => line.startsWith(`${name}: `));
      // It says so itself; whoever has just looked for itself knows a moment sooner.
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/: m03 \((its own newer statement|this agent hears it)\)$/);
      expect(world.host(name).swarm.outline().queues).toContainEqual(
        expect.objectContaining({ name: "sightings", length: 0 }),
      );
    }
    expect(world.told("swarm.dead")).toEqual([]);
  });

  test.each([3_000, 3_200, 3_400, 3_600])(
    "is told of together with another that is back, by who has said to miss both %i ms before",
    (waitedMs) => {
      const world = World.formed(names);
      const [observer = ""] = observersIn(world);
      const observed = world.host(observer).swarm.neighborsOf(world.agent(observer));
      const other = others.find((name) => name !== observer && observed.includes(world.agent(name))) ?? "";
      const gone = [subject, other];
      const spoken = (finding: Sighting["finding"]): string[] =>
        world.lines.flatMap(({ name, text }) =>
          name === observer ? [...text.matchAll(/sign sighting/g)].map(() => finding) : [],
        );
      world.passes = (from, to) =>
        ![from, to].includes(observer) || ![from, to].some((name) => gone.includes(name));
      world.runUntil(() => spoken("missing").length === gone.length, 20_000);
      world.run(waitedMs);
      heal(world);
      world.clear();
      world.runUntil(() => gone.every((name) => world.verdict(observer, name) === "reachable"), 4_000);
      world.run(2_000);
      expect(spoken("present")).toHaveLength(gone.length);
      expect(rumorsIn(world).filter((name) => name === observer)).toHaveLength(1);
    },
  );

  test("is said to be so again for as long as it lasts where no quorum is found", () => {
    const world = World.formed(names, { cutVoteAfterMs: 1e9, sightingLifetimeMs: 20_000 });
    cut(world, subject);
    world.runUntil(hold(world, "unreachable"), 8_000);
    for (let second = 0; second < 60; second += 1) {
      world.run(1_000);
      expect(world.verdicts(subject)).toEqual(["unreachable"]);
    }
  });

  test.each([
    ["who is still gone", false, "unreachable"],
    ["who came back meanwhile", true, "reachable"],
  ])("who was cut off itself accuses nobody, and sees for itself: %s", (_, isBack, verdict) => {
    const world = World.formed(names, { cutVoteAfterMs: 1e9 });
    cut(world, subject);
    world.runUntil(hold(world, "unreachable"), 8_000);
    world.run(2_000);
    const [stranger = ""] = strangersIn(world);
    world.clear();
    const passes = (...gone: readonly string[]): void => {
      world.passes = (from, to) => !gone.some((name) => name === from || name === to);
    };
    cut(world, subject, stranger);
    passes(subject, stranger);
    world.run(30_000);
    expect(world.host(stranger).swarm.peers.isCutOff).toBe(true);
    if (isBack) {
      passes(stranger);
      world.run(60_000);
      passes();
    } else passes(subject);
    world.clear();
    world.runUntil(() => !world.host(stranger).swarm.peers.isCutOff, 60_000);
    world.run(5_000);
    expect(world.verdict(stranger, subject)).toBe(verdict);
    expect(world.told("swarm.unreachable").filter((line) => !line.includes(`: ${subject} `))).toEqual([]);
  });
});

describe("the word of observers", () => {
  test("of one alone changes nothing, of two does, until more hear the subject than miss it", () => {
    const world = World.formed(names, { probeIntervalMs: 1e6 });
    const [stranger = ""] = strangersIn(world);
    const [one = "", two = "", three = "", four = ""] = observersIn(world);
    say(world, stranger, [one], "missing");
    expect(world.verdict(stranger, subject)).toBe("reachable");
    say(world, stranger, [one], "missing", 2);
    expect(world.verdict(stranger, subject)).toBe("reachable");
    say(world, stranger, [two], "missing");
    expect(world.verdict(stranger, subject)).toBe("unreachable");
    say(world, stranger, [three], "present");
    expect(world.verdict(stranger, subject)).toBe("unreachable");
    say(world, stranger, [four], "present");
    expect(world.verdict(stranger, subject)).toBe("reachable");
  });

  test("counts of nobody who does not observe the subject", () => {
    const world = World.formed(names);
    const [stranger = "", ...rest] = strangersIn(world);
    say(world, stranger, rest, "missing");
    expect(world.verdict(stranger, subject)).toBe("reachable");
  });

  test("is void when the subject says something newer, or is heard", () => {
    const world = World.formed(names, { probeIntervalMs: 1e6 });
    const [stranger = ""] = strangersIn(world);
    const liars = observersIn(world).slice(0, 2);
    say(world, stranger, liars, "missing");
    world.act(subject, "announce", (swarm, turn) => swarm.announce(["web"], turn));
    world.run(100);
    expect(world.verdict(stranger, subject)).toBe("reachable");
    say(world, stranger, liars, "missing", 2);
    expect(world.verdict(stranger, subject)).toBe("unreachable");
    const message = {
      type: "probeReport",
      sequence: 1,
      subject: world.agent("m00"),
      answered: true,
    } as const;
    world.feed(world.host(stranger), { type: "message", from: world.agent(subject), message });
    expect(world.verdict(stranger, subject)).toBe("reachable");
  });

  test("that comes late, after the word that the subject is back, is seen through by an own dial", () => {
    const world = World.formed(names);
    world.gossips = false;
    const [stranger = ""] = strangersIn(world);
    say(world, stranger, observersIn(world).slice(0, 2), "missing");
    expect(world.verdict(stranger, subject)).toBe("unreachable");
    world.runUntil(hold(world, "reachable"), 3_000);
    expect(world.transcript(stranger).filter((line) => line.includes(`dial ${subject} fresh`))).toHaveLength(
      1,
    );
  });

  test("that was taken back does not count when it comes after that", () => {
    const world = World.formed(names, { probeIntervalMs: 1e6 });
    const [stranger = ""] = strangersIn(world);
    const liars = observersIn(world).slice(0, 2);
    say(world, stranger, liars, "present", 2);
    say(world, stranger, liars, "missing", 1);
    expect(world.verdict(stranger, subject)).toBe("reachable");
    say(world, stranger, liars, "missing", 3);
    expect(world.verdict(stranger, subject)).toBe("unreachable");
  });

  test("of two that lie is contradicted by those who see for themselves", () => {
    const world = World.formed(names);
    const liars = observersIn(world).slice(0, 2);
    for (const name of others.filter((each) => !liars.includes(each))) say(world, name, liars, "missing");
    expect(world.verdicts(subject)).toEqual(["reachable", "unreachable"]);
    world.runUntil(hold(world, "reachable"), 5_000);
    expect(rumorsIn(world)).toHaveLength(2);
    expect(rumorsIn(world)).not.toEqual(expect.arrayContaining(liars));
  });

  test("never counts in a death, however many say it", () => {
    const world = World.formed(names, { probeIntervalMs: 1e6 });
    for (const name of others) say(world, name, observersIn(world), "missing", 0);
    world.run(60_000);
    expect(world.told("swarm.dead")).toEqual([]);
    expect(world.verdicts(subject)).toEqual(["reachable"]);
  });
});

describe("nothing is said", () => {
  test("of a process that is killed, whose death comes first", () => {
    const world = World.formed(names);
    world.kill(subject);
    world.runUntil(hold(world, "dead"), 3_000);
    world.run(20_000);
    expect(rumorsIn(world)).toEqual([]);
  });

  test("of one whose host refuses, for as long as its death may still be certified", () => {
    // Every vote is asked for, and one observer casts none: the case is stuck for 3 s.
    const world = World.formed(names, { quorumVotes: 10 });
    world.pause(observersIn(world)[0] ?? "");
    world.kill(subject);
    // Sooner than anyone can find the paused one silent.
    world.run(1_400);
    expect(rumorsIn(world)).toEqual([]);
    const isDead = (): boolean => world.verdicts(subject).includes("dead");
    expect(isDead()).toBe(false);
    world.runUntil(isDead, 5_000);
  });

  test("where everyone observes everyone", () => {
    const world = World.formed(names.slice(0, 10));
    cut(world, subject);
    world.runUntil(hold(world, "unreachable"), 8_000);
    world.run(20_000);
    expect(rumorsIn(world)).toEqual([]);
  });

  test("more often by one whose link comes and goes, the longer it does", () => {
    const world = World.formed(names);
    const counts: number[] = [];
    for (let minute = 0; minute < 4; minute += 1) {
      world.clear();
      for (let flap = 0; flap < 6; flap += 1) {
        cut(world, subject);
        world.run(6_000);
        heal(world);
        world.run(4_000);
      }
      counts.push(rumorsIn(world).length);
    }
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[3] as number).toBeLessThan((counts[0] as number) / 2);
    // That it is there is said at once each time.
    world.runUntil(hold(world, "reachable"), 10_000);
  });
});

test("halves of a network are told apart, and are one again without anyone missed", () => {
  const world = World.formed(names);
  const half = names.filter((_, index) => index % 2 === 0);
  cut(world, ...half);
  world.run(60_000);
  expect(world.told("swarm.dead")).toEqual([]);
  heal(world);
  const isOne = (): boolean =>
    names.every((name) =>
      world
        .host(name)
        .swarm.outline()
        .members.every(({ verdict }) => verdict === "reachable"),
    );
  world.runUntil(isOne, 15_000);
});

test("goes on from dumps in the midst of it as without", () => {
  const play = (moveEverySteps: number): string[] => {
    const world = World.formed(names);
    world.moveEverySteps = moveEverySteps;
    cut(world, subject);
    world.run(7_000);
    heal(world);
    world.run(7_000);
    return world.lines.map(({ atMs, name, text }) => `${atMs} ${name} ${text}`);
  };
  expect(play(3)).toEqual(play(0));
});

test("a tenth at once are unreachable to everyone within 8 s", () => {
  const all = Array.from({ length: 40 }, (_, index) => `t${String(index).padStart(2, "0")}`);
  const world = World.formed(all);
  world.run(10_000);
  const gone = all.filter((_, index) => index % 10 === 3);
  const left = all.filter((name) => !gone.includes(name));
  cut(world, ...gone);
  const isLost = (name: string): boolean =>
    gone.every((each) => ["unreachable", "stalled"].includes(world.verdict(name, each)));
  world.runUntil(() => left.every(isLost), 8_000);
});

test("many at once are said to be missing late, and together", () => {
  // All of the observers are asked for, so that nearly nobody dies of it.
  const world = World.formed(names, { quorumVotes: 10 });
  const gone = names.filter((_, index) => index % 3 === 0);
  const left = names.filter((name) => !gone.includes(name));
  cut(world, ...gone);
  const rumors = (): number => rumorsIn(world).filter((name) => left.includes(name)).length;
  // Who lost its first two before the others has said so.
  world.run(12_000);
  const early = rumors();
  expect(early).toBeLessThan(left.length);
  world.run(28_000);
  expect(rumors() - early).toBeLessThanOrEqual(left.length);
  for (const name of left) {
    expect(gone.filter((each) => world.verdict(name, each) === "reachable")).toEqual([]);
  }
});
