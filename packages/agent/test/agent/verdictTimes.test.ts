import { type MemberView, membersMax, type Verdict } from "@antibody/core";
import { makeId } from "@antibody/policy";
import { expect, test } from "vitest";
import { VerdictTimes } from "../../src/agent/verdictTimes.ts";

const agent = makeId("agent", new Uint8Array(32).fill(9));
const clock = { nowMs: 0 };

function told(...names: readonly string[]): VerdictTimes {
  const times = new VerdictTimes(() => clock.nowMs);
  clock.nowMs = 0;
  for (const name of names) {
    clock.nowMs += 100;
    times.note({ name, level: "info", fields: { peer: agent } });
  }
  return times;
}

function member(verdict: Verdict, sinceMs: number): MemberView {
  return {
    agent,
    name: "attic",
    verdict,
    sinceMs,
    why: "",
    incarnation: [1, 1, 0],
    addresses: [],
    capabilities: [],
    observedByMe: false,
    connected: false,
    votes: [],
  };
}

const unknown = Number.NEGATIVE_INFINITY;

test("who left or died did so when that was told, whatever a watch remembers", () => {
  expect(told("swarm.joined", "swarm.left").dated(member("left", unknown)).sinceMs).toBe(200);
  const dead = told("swarm.suspected", "swarm.unreachable", "swarm.dead").dated(member("dead", 5));
  expect(dead.sinceMs).toBe(300);
});

test("a verdict that is told twice holds since the first time", () => {
  expect(told("swarm.dead", "swarm.dead").dated(member("dead", 5)).sinceMs).toBe(100);
  expect(told("swarm.dead", "swarm.returned", "swarm.dead").dated(member("dead", 5)).sinceMs).toBe(300);
});

test("who is observed keeps the time of the observation, and others get that of the log", () => {
  expect(told("swarm.joined").dated(member("reachable", 70)).sinceMs).toBe(70);
  expect(told("swarm.dead", "swarm.returned").dated(member("reachable", unknown)).sinceMs).toBe(200);
});

test("nothing is said where the log told nothing, or of another verdict", () => {
  expect(told().dated(member("dead", 5)).sinceMs).toBe(unknown);
  expect(told("swarm.joined").dated(member("away", 5)).sinceMs).toBe(unknown);
  expect(told("swarm.dead", "swarm.left").dated(member("dead", unknown)).sinceMs).toBe(unknown);
});

test("of so many peers as a swarm may have is remembered, the latest ones", () => {
  const times = told("swarm.dead");
  for (let peer = 0; peer < membersMax; peer += 1)
    times.note({ name: "swarm.dead", level: "info", fields: { peer: `agent_${peer}` } });
  expect(times.dated(member("dead", 5)).sinceMs).toBe(unknown);
});
