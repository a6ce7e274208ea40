import { describe, expect, test } from "vitest";
import { awayMs } from "../../../src/swarm/members/absence.ts";
import { World } from "../world.ts";

const names = ["founder", "ann", "ben", "cid", "dan"];
const others = names.filter((name) => name !== "ben");

/** Alarms that anybody but ben has told of ben since the last `clear`. */
function alarms(world: World): readonly string[] {
  const alarming = ["swarm.suspected", "swarm.unreachable", "swarm.dead"];
  return world.events
    .filter((one) => one.name !== "ben" && one.event.fields["name"] === "ben")
    .map((one) => one.event.name)
    .filter((name) => alarming.includes(name));
}

/** Lets ben say that it is away, and waits until all know. */
function goAway(world: World): void {
  world.act("ben", "away", (swarm, turn) => swarm.setAway("c1", turn));
  world.run(500);
  for (const name of others) expect(world.verdict(name, "ben")).toBe("away");
  expect(world.replies.pop()).toBe("c1");
}

/** Nothing comes from ben or reaches it: it sleeps. */
function sleep(world: World, forMs: number): void {
  world.passes = (from, to) => ![from, to].includes("ben");
  world.run(forMs);
  world.passes = () => true;
}

describe("a device that says that it is away", () => {
  test("alarms nobody by its silence, and is there again when it wakes up", () => {
    const world = World.formed(names);
    goAway(world);
    world.clear();
    sleep(world, awayMs - 2_000);
    expect(alarms(world)).toEqual([]);
    world.run(15_000);
    for (const name of others) expect(world.verdict(name, "ben")).toBe("reachable");
    expect(alarms(world)).toEqual([]);
    world.clear();
    sleep(world, 20_000);
    expect(alarms(world)).not.toEqual([]);
  });

  test("is there again when it stayed awake, or says so", () => {
    const world = World.formed(names);
    goAway(world);
    world.run(awayMs + 2_000);
    for (const name of others) expect(world.verdict(name, "ben")).toBe("reachable");
    goAway(world);
    world.act("ben", "back", (swarm, turn) => swarm.setAway(undefined, turn));
    world.run(2_000);
    for (const name of others) expect(world.verdict(name, "ben")).toBe("reachable");
    expect(alarms(world)).toEqual([]);
  });

  test("accuses nobody meanwhile, whoever dies", () => {
    const world = World.formed(names);
    goAway(world);
    world.clear();
    world.kill("cid");
    world.run(30_000);
    const votes = world.events.filter((one) => one.name === "ben" && one.event.name === "swarm.suspected");
    expect(votes).toEqual([]);
    expect(world.verdict("ann", "cid")).toBe("dead");
  });
});
