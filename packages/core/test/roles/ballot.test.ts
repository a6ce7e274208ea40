import type { AgentId } from "@antibody/policy";
import { expect, test } from "vitest";
import { castVote, newVoter, released, restarted, underTerms } from "../../src/roles/lease/ballot.ts";
import { bindingMs, type Terms } from "../../src/roles/lease/terms.ts";

const [one, two] = ["a", "b"].map((letter) => `agent_${letter.repeat(52)}` as AgentId) as [AgentId, AgentId];
const terms: Terms = { group: "0".repeat(16), members: [one, two], leaseMs: 10_000 };

/** A voter that has voted for one, in epoch 1 and at time 0. */
function voted() {
  const { voter, granted } = castVote(newVoter(terms), { candidate: one, epoch: 1 }, terms, 0);
  expect(granted).toBe(true);
  return voter;
}

function grants(voter: ReturnType<typeof voted>, candidate: AgentId, epoch: number, nowMs: number): boolean {
  return castVote(voter, { candidate, epoch }, terms, nowMs).granted;
}

test("a vote binds for longer than the lease that it makes, and nobody gets two in one epoch", () => {
  const voter = voted();
  expect(bindingMs(terms)).toBeGreaterThan(terms.leaseMs);
  expect(grants(voter, two, 2, bindingMs(terms) - 1)).toBe(false);
  expect(grants(voter, two, 2, bindingMs(terms))).toBe(true);
  expect(grants(voter, two, 1, bindingMs(terms))).toBe(false);
  expect(grants(voter, one, 1, 5_000)).toBe(true);
});

test("no epoch falls, and none leaves the numbers that others could still reach", () => {
  const voter = voted();
  expect(grants(voter, one, 0, 50_000)).toBe(false);
  expect(grants(voter, two, Number.MAX_SAFE_INTEGER, 50_000)).toBe(false);
  expect(grants(voter, two, 1_000_001, 50_000)).toBe(true);
  expect(grants(voter, two, 1_000_002, 50_000)).toBe(false);
});

test("a voter that starts again is bound for the whole time, and only the holder sets it free", () => {
  const voter = restarted(voted().ballot, 3_000);
  expect(grants(voter, two, 2, 3_000 + bindingMs(terms) - 1)).toBe(false);
  expect(grants(released(voter, { candidate: two, epoch: 1 }, 4_000), two, 2, 4_000)).toBe(false);
  expect(grants(released(voter, { candidate: one, epoch: 1 }, 4_000), two, 2, 4_000)).toBe(true);
});

test("under other terms a voter stays bound for the longer of both times", () => {
  const shorter: Terms = { ...terms, group: "1".repeat(16), leaseMs: 1_000 };
  const longer: Terms = { ...terms, group: "2".repeat(16), leaseMs: 100_000 };
  expect(underTerms(voted(), shorter, 500).boundUntilMs).toBe(500 + bindingMs(terms));
  expect(underTerms(voted(), longer, 500).boundUntilMs).toBe(500 + bindingMs(longer));
  expect(underTerms(newVoter(terms), longer, 500)).toEqual(newVoter(longer));
});
