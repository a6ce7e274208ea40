import { describe, expect, test } from "vitest";
import type { Incarnation } from "../../../src/contract/statements.ts";
import { defaultSettings } from "../../../src/settings.ts";
import { memberOf } from "../people.ts";
import { World } from "../world.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const { lookIntervalMs, probeIntervalMs, probeTimeoutMs, antiEntropyIntervalMs } = defaultSettings;
const { freshTimeoutMs } = defaultSettings;

const { fullMeshMembersMax, observerCount } = defaultSettings;

const linkMs = 5;

/**
 * No two looks of one agent lie further apart: it looks ahead after a quarter more than their mean, leaves to come what
 * comes within a timeout anyway, and of a pair one side waits half a timeout longer.
 */
function lookAfterMs(swarm: number, observers: number): number {
  const intervalMs = lookIntervalMs * (swarm > fullMeshMembersMax ? observerCount : observers);
  return (1.25 * intervalMs) / observers + 1.5 * probeTimeoutMs + 2 * linkMs;
}

/** Agents that have been at rest for long enough that their looks are spread evenly. */
function quiet(count: number): World {
  const world = World.formed(names(count));
  world.run(30_000);
  world.clear();
  return world;
}

function cut(world: World, gone: string): void {
  world.passes = (from, to) => from !== gone && to !== gone;
}

function observes(world: World, observer: string, subject: string): boolean {
  const { members } = world.host(observer).swarm.inspect({ monoMs: world.nowMs, wallMs: 0 });
  return members.some(({ name, observedByMe }) => name === subject && observedByMe);
}

describe("the probes of a quiet swarm", () => {
  test.each([
    { count: 2, intervalMs: probeIntervalMs },
    { count: 4, intervalMs: probeIntervalMs },
    { count: 12, intervalMs: 11 * lookIntervalMs },
  ])("are one for each pair in $intervalMs ms, with $count agents", ({ count, intervalMs }) => {
    const world = quiet(count);
    const intervals = 10;
    world.run(intervals * intervalMs);
    const expected = ((count * (count - 1)) / 2) * intervals;
    // Each round of anti-entropy asks one more peer, out of turn.
    const rounds = Math.ceil((intervals * intervalMs) / antiEntropyIntervalMs) + 1;
    expect(world.probes.length).toBeGreaterThan(0.95 * expected);
    expect(world.probes.length).toBeLessThan(1.05 * expected + count * rounds);
  });

  test("are spread: no agent goes without a look for long", () => {
    const all = names(20);
    const world = quiet(all.length);
    world.run(60_000);
    for (const name of all) {
      const times = world.probes.filter(({ from, to }) => from === name || to === name);
      const observers = all.filter((other) => other !== name && observes(world, other, name)).length;
      for (const [index, { atMs }] of times.slice(1).entries()) {
        expect(atMs - (times[index]?.atMs ?? 0)).toBeLessThanOrEqual(lookAfterMs(all.length, observers));
      }
    }
  });
});

describe("a host that vanishes without a word", () => {
  const shared = (count: number, afterMs: number, atMs: number, publish: boolean): void => {
    const all = names(count);
    const world = quiet(count);
    // Everyone tells everyone of it at once.
    if (publish) world.publish("n1", "doc");
    world.run(atMs);
    cut(world, "n5");
    const observers = all.filter((name) => name !== "n5" && observes(world, name, "n5"));
    const boundMs = lookAfterMs(count, observers.length) + afterMs;
    world.runUntil(() => observers.every((name) => world.verdict(name, "n5") === "unreachable"), boundMs);
  };

  test("is out of reach for all in a mesh, who look for themselves when one of them asks", () => {
    const afterMs = 2 * probeTimeoutMs + freshTimeoutMs + 50;
    for (const atMs of [0, 370, 1_290, 5_070, 9_610]) shared(12, afterMs, atMs, false);
  });

  test("is out of reach for all of its observers on the rings, who look for themselves by the word of one", () => {
    const afterMs = probeTimeoutMs + 2 * freshTimeoutMs + 250;
    for (const atMs of [0, 370, 1_290, 5_070, 9_610]) shared(20, afterMs, atMs, false);
  });

  test("is found as soon after news, which all tell each other out of turn", () => {
    const afterMs = probeTimeoutMs + 2 * freshTimeoutMs + 250;
    for (const atMs of [400, 1_000, 3_000]) shared(20, afterMs, atMs, true);
  });
});

describe("a peer that accepts and says nothing", () => {
  const started = (pausedMs: number): readonly string[] => {
    const world = quiet(4);
    world.kill("n1");
    world.pause("n2");
    world.run(100);
    world.clear();
    world.boot("n1");
    world.run(pausedMs);
    world.resume("n2");
    world.run(10_000);
    expect(world.verdict("n1", "n2")).toBe("reachable");
    return world
      .transcript("n1")
      .filter((line) => /stalled|dialed|dial n2/.test(line) && line.includes("n2"));
  };

  test("is given the benefit of one dial by who has just started", () => {
    expect(started(1_500).join("\n")).not.toContain("swarm.stalled");
  });

  test("is stalled when the second one, which is given twice the time, ends so too", () => {
    expect(started(3_500)).toMatchInlineSnapshot(`
      [
        "33105 ms: wake -> dial n2 session",
        "34105 ms: dialed n2 session: silent -> dial n2 session",
        "36105 ms: dialed n2 session: silent -> swarm.stalled n2",
        "36584 ms: wake -> dial n2 session",
      ]
    `);
  });
});

test("a peer that was stalled and is cut off is dialed as shortly as any that is, so that its return is found", () => {
  const world = quiet(4);
  world.pause("n2");
  world.runUntil(() => world.verdict("n1", "n2") === "stalled", 30_000);
  cut(world, "n2");
  world.runUntil(() => world.verdict("n1", "n2") === "unreachable", 30_000);
  const before = world.dials.length;
  world.run(20_000);
  const dials = world.dials.slice(before).filter(({ from, to }) => from === "n1" && to === "n2");
  expect(dials.length).toBeGreaterThan(5);
  expect(dials.filter(({ timeoutMs }) => timeoutMs > freshTimeoutMs)).toEqual([]);
});

describe("a session that says nothing", () => {
  test("while fresh connections are answered is given up at the second question, for a new one", () => {
    const world = quiet(4);
    let isStuck = true;
    world.isDeaf = (from, to) => isStuck && from === "n1" && to === "n2";
    const gaveUp = (): boolean =>
      ["n1", "n2"].some((name) => world.transcript(name).some((line) => line.includes("hangUp")));
    world.runUntil(gaveUp, 3 * probeIntervalMs);
    isStuck = false;
    world.run(100);
    world.clear();
    world.run(10_000);
    expect(world.told("swarm.suspected")).toEqual([]);
    expect(world.verdict("n2", "n1")).toBe("reachable");
  });
});

describe("a partition that heals", () => {
  const all = names(12);
  const apart = ["n1", "n4", "n6", "n9"];
  const crosses = (left: string, right: string): boolean => apart.includes(left) !== apart.includes(right);

  /** TCP tries a session again after as long as it was cut: what stood carries nothing, but what is on its way by then. */
  const healed = (cutMs: number, late: readonly string[]): World => {
    const world = quiet(all.length);
    world.passes = (from, to) => !crosses(from, to);
    world.run(cutMs);
    const healedMs = world.nowMs;
    world.passes = () => true;
    world.isDeaf = (from, to) => crosses(from, to) && world.metMs(from, to) < healedMs;
    const message = { type: "probe", sequence: 1, digests: { members: "", policy: "" } } as const;
    for (const from of late) {
      for (const to of all.filter((name) => crosses(from, name))) {
        world.feed(world.host(to), { type: "message", from: world.agent(from), message });
      }
    }
    return world;
  };

  const isOneView = (world: World): boolean =>
    all.every((name) => all.every((other) => name === other || world.verdict(name, other) === "reachable"));

  const rest = all.filter((name) => !apart.includes(name));

  test.each([
    { cutMs: 20_000, late: [], what: "nobody" },
    { cutMs: 63_300, late: [], what: "nobody" },
    { cutMs: 60_000, late: rest, what: "what most had sent" },
    { cutMs: 60_000, late: apart, what: "what few had sent" },
  ])("of $cutMs ms is one view within 3 s, and stays so, where $what is still heard", ({ cutMs, late }) => {
    const world = healed(cutMs, late);
    world.runUntil(() => isOneView(world), 3_000);
    world.run(500);
    world.clear();
    world.run(20_000);
    expect(world.told("swarm.suspected")).toEqual([]);
    expect(isOneView(world)).toBe(true);
  });
});

describe("whoever is cut off", () => {
  test("looks at everyone after the first look in vain, and soon knows that the fault is its own", () => {
    const world = quiet(20);
    cut(world, "n5");
    // Its own miss makes it wait twice as long for the connections that it tries.
    const boundMs = lookAfterMs(20, 8) + 2 * probeTimeoutMs + 2 * freshTimeoutMs + 50;
    world.runUntil(() => world.host("n5").swarm.peers.isCutOff, boundMs);
    expect(world.told("swarm.dead")).toEqual([]);
  });
});

describe("an agent that comes late to what is due", () => {
  /** Until an agent has asked another, and the answer waits: how late it comes to the deadline, and to the answer. */
  const suspicions = (lateMs: number, isAnswered: boolean): readonly string[] => {
    const world = World.formed(names(4), { antiEntropyIntervalMs: 1e9 });
    world.run(30_000);
    world.clear();
    world.isDeaf = (_, to) => !isAnswered && to === "n0";
    world.runUntil(() => world.probes.some(({ from }) => from === "n0"), 3 * probeIntervalMs);
    world.pause("n0");
    world.run(probeTimeoutMs + lateMs);
    world.resume("n0");
    world.run(probeTimeoutMs / 2);
    return world.told("swarm.suspected").filter((line) => line.startsWith("n0: "));
  };

  test("reads first what has come meanwhile, and suspects nobody who has answered", () => {
    expect(suspicions(400, true)).toEqual([]);
  });

  test("misses an answer that has not come by then", () => {
    expect(suspicions(400, false)).toHaveLength(1);
  });
});

describe("who misses an answer", () => {
  test("asks all others, but those that it heard a moment ago", () => {
    const all = names(8);
    const world = quiet(all.length);
    const asked = (heard: readonly string[]): readonly string[] => {
      const host = world.host("n0");
      const say = { type: "votes", votes: [] } as const;
      for (const name of heard) world.feed(host, { type: "message", from: world.agent(name), message: say });
      world.clear();
      world.feed(host, { type: "unsent", to: world.agent("n5"), message: "probe" });
      return world.probes.map(({ to }) => to).sort();
    };
    world.run(6 * probeTimeoutMs);
    expect(asked(["n1", "n2", "n3", "n4"])).toEqual(["n6", "n7"]);
  });

  test("trusts itself less where it could not even dial", () => {
    const healthAfter = (result: "failed" | "cut"): number => {
      const world = quiet(4);
      const host = world.host("n0");
      cut(world, "n1");
      world.closeSocket("n0", "n1");
      world.run(10);
      world.feed(host, { type: "dialed", peer: world.agent("n1"), purpose: "fresh", result });
      return host.swarm.inspect({ monoMs: world.nowMs, wallMs: 0 }).localHealth;
    };
    expect(healthAfter("failed")).toBeGreaterThan(healthAfter("cut"));
  });
});

test("after a power cut, whoever did not run yet is back by the first word of its next life", () => {
  const many = Array.from({ length: 20 }, (_, index) => `p${String(index).padStart(2, "0")}`);
  const world = World.formed(many);
  for (const name of many) world.kill(name);
  const [first = "", other = ""] = many;
  world.boot(first);
  world.run(1_500);
  const near = world.host(first).swarm.neighborsOf(world.agent(first));
  const late = many.find((name) => name !== other && near.includes(world.agent(name))) ?? "";
  const hears = (incarnation: Incarnation): void => {
    const rumor = { type: "members", members: [memberOf(world.host(late).person, incarnation)] } as const;
    world.feed(world.host(first), { type: "rumor", from: world.agent(other), rumor });
  };
  expect(world.verdict(first, late)).toBe("unreachable");
  const members = world.host(first).swarm.members();
  const held = members.find(({ certificate }) => certificate.agent === world.agent(late));
  const [serial = 0, boot = 0, n = 0] = held?.entry.entry.incarnation ?? [];
  hears([serial, boot, n + 1]);
  expect(world.verdict(first, late)).toBe("unreachable");
  hears([serial, boot + 1, 0]);
  expect(world.verdict(first, late)).toBe("reachable");
});
