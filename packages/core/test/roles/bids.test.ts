import type { AgentId } from "@antibody/policy";
import { expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import { castVote, newVoter } from "../../src/roles/lease/ballot.ts";
import {
  type Actor,
  asked,
  enabled,
  givenUp,
  heard,
  type Lease,
  newLease,
} from "../../src/roles/lease/lease.ts";
import { bindingMs, type Terms } from "../../src/roles/lease/terms.ts";
import { defaultSettings } from "../../src/settings.ts";

const [one, two, three] = [..."abc"].map((letter) => `agent_${letter.repeat(52)}` as AgentId) as [
  AgentId,
  AgentId,
  AgentId,
];
const terms: Terms = { group: "0".repeat(16), members: [one, two, three], leaseMs: 10_000 };
const { leaseStaggerMs, leaseAnswerMs } = defaultSettings;

/** The first member, at a time. */
function actor(nowMs: number, seed = 1): Actor {
  return { agent: one, nowMs, random: Random.fromSeed(seed), settings: defaultSettings };
}

function candidate(): Lease {
  return enabled(newLease(terms, newVoter(terms)), true, actor(0));
}

test("who is refused with a higher epoch asks beyond it", () => {
  const first = asked(candidate(), 1, actor(100));
  expect(first.bid?.epoch).toBe(1);
  const refused = heard(first, two, { epoch: 8, round: 1, granted: false });
  const next = asked(givenUp(refused, actor(200)), 2, actor(20_000));
  expect(next.bid?.epoch).toBe(9);
});

test("a lease is not made shorter by what comes of an earlier round", () => {
  const first = asked(candidate(), 1, actor(100));
  const held = heard(first, two, { epoch: 1, round: 1, granted: true });
  expect(held.held?.untilMs).toBe(10_100);
  const again = heard(asked(held, 2, actor(3_000)), two, { epoch: 1, round: 2, granted: true });
  expect(again.held?.untilMs).toBe(13_000);
  // One more grant of that round moves nothing either: when to ask again stays as it is.
  const later = { ...again, askMs: 5_000 };
  expect(heard(later, three, { epoch: 1, round: 2, granted: true })).toMatchObject({
    held: { untilMs: 13_000 },
    askMs: 5_000,
  });
});

test("whose vote is another's waits until it is free, and who has its own does not", () => {
  const { voter } = castVote(newVoter(terms), { candidate: two, epoch: 1 }, terms, 1_000);
  const bound = enabled(newLease(terms, voter), true, actor(2_000));
  expect(bound.askMs).toBeGreaterThanOrEqual(1_000 + bindingMs(terms));
  const own = castVote(newVoter(terms), { candidate: one, epoch: 1 }, terms, 1_000).voter;
  expect(enabled(newLease(terms, own), true, actor(2_000)).askMs).toBeLessThan(2_000 + leaseStaggerMs);
});

test("who got no majority tries again after a time of its own, of up to an answer's for each member", () => {
  const waitsMs = Array.from({ length: 50 }, (_, seed) => {
    const lost = givenUp(asked(candidate(), 1, actor(100)), actor(200, seed + 1));
    return lost.askMs - 200;
  });
  expect(Math.max(...waitsMs)).toBeGreaterThan(2 * leaseAnswerMs);
  expect(Math.max(...waitsMs)).toBeLessThan(terms.members.length * leaseAnswerMs + leaseStaggerMs);
  expect(Math.min(...waitsMs)).toBeLessThan(leaseAnswerMs);
});
