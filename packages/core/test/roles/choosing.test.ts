import type { AgentId } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Candidate, chosen, returning, roleRank } from "../../src/roles/choosing.ts";
import { testCrypto } from "../healing/bench.ts";

const letters = "abcdefghijklmnop";

function agentOf(letter: string): AgentId {
  return `agent_${letter.repeat(52)}` as AgentId;
}

function candidate(letter: string, holds: boolean, role = "web"): Candidate {
  const agent = agentOf(letter);
  return { agent, holds, isSure: true, rank: roleRank(testCrypto, role, agent) };
}

/** Some candidates, each of whom holds the role or does not. */
const candidatesArb = fc
  .uniqueArray(fc.constantFrom(...letters), { maxLength: 12 })
  .chain((names) =>
    fc
      .tuple(...names.map((name) => fc.boolean().map((holds) => candidate(name, holds))))
      .map((all) => [...all]),
  );
const countArb = fc.integer({ min: 1, max: 5 });

/** What a swarm with equal views comes to: all weigh at once. */
function settled(count: number, candidates: readonly Candidate[]): readonly Candidate[] {
  const holders = chosen(count, candidates);
  return candidates.map((each) => ({ ...each, holds: holders.includes(each.agent) }));
}

function holdersOf(candidates: readonly Candidate[]): readonly AgentId[] {
  return candidates.filter(({ holds }) => holds).map(({ agent }) => agent);
}

describe("k of n", () => {
  it("are chosen wherever views are equal, whatever their order, and then nothing moves", () => {
    fc.assert(
      fc.property(countArb, candidatesArb, fc.infiniteStream(fc.nat()), (count, candidates, random) => {
        const all = chosen(count, candidates);
        expect(all).toHaveLength(Math.min(count, candidates.length));
        expect(new Set(all).size).toBe(all.length);
        const shuffled = candidates
          .map((each) => ({ each, at: random.next().value }))
          .sort((left, right) => Number(left.at) - Number(right.at))
          .map(({ each }) => each);
        expect(chosen(count, shuffled)).toEqual(all);
        const after = settled(count, candidates);
        expect(new Set(chosen(count, after))).toEqual(new Set(all));
      }),
    );
  });

  it("keep their places when others die or come: at most the places of the dead move", () => {
    fc.assert(
      fc.property(
        countArb,
        candidatesArb,
        fc.array(fc.nat(), { maxLength: 4 }),
        (count, candidates, deaths) => {
          const before = settled(count, candidates);
          const dead = new Set(deaths.flatMap((index) => before[index % before.length]?.agent ?? []));
          const living = before.filter(({ agent }) => !dead.has(agent));
          const after = chosen(count, living);
          for (const holder of holdersOf(living)) expect(after).toContain(holder);
          const victims = holdersOf(before).filter((agent) => dead.has(agent));
          expect(after.filter((agent) => !holdersOf(before).includes(agent)).length).toBeLessThanOrEqual(
            victims.length,
          );
          const returned = [
            ...settled(count, living),
            ...before.filter(({ agent }) => dead.has(agent)).map((each) => ({ ...each, holds: false })),
          ];
          if (living.length >= count) expect(new Set(chosen(count, returned))).toEqual(new Set(after));
        },
      ),
    );
  });

  it("stay only the most favored where too many hold it", () => {
    fc.assert(
      fc.property(countArb, candidatesArb, (count, candidates) => {
        const holders = candidates.filter(({ holds }) => holds).sort((a, b) => (a.rank < b.rank ? 1 : -1));
        fc.pre(holders.length > count);
        expect(chosen(count, candidates)).toEqual(holders.slice(0, count).map(({ agent }) => agent));
      }),
    );
  });

  it("come to be the most favored of all by giving back, one at a time", () => {
    fc.assert(
      fc.property(countArb, candidatesArb, (count, candidates) => {
        let now = settled(count, candidates);
        for (let steps = 0; ; steps += 1) {
          expect(steps).toBeLessThanOrEqual(count);
          const leaving = returning(count, now);
          if (leaving === undefined) break;
          const without = now.map((each) => (each.agent === leaving ? { ...each, holds: false } : each));
          expect(holdersOf(without)).toHaveLength(holdersOf(now).length - 1);
          expect(chosen(count, without)).not.toContain(leaving);
          now = settled(count, without);
        }
        const afresh = candidates.map((each) => ({ ...each, holds: false }));
        expect(new Set(holdersOf(now))).toEqual(new Set(chosen(count, afresh)));
      }),
    );
  });

  it("are given back only while none is missing or beyond the count", () => {
    fc.assert(
      fc.property(countArb, candidatesArb, (count, candidates) => {
        if (holdersOf(candidates).length !== count) expect(returning(count, candidates)).toBeUndefined();
      }),
    );
  });

  it("of many roles fall to all candidates alike", () => {
    const counts = new Map<AgentId, number>();
    for (let role = 0; role < 1_000; role += 1) {
      const candidates = [..."abcde"].map((letter) => candidate(letter, false, `role-${role}`));
      for (const agent of chosen(2, candidates)) counts.set(agent, (counts.get(agent) ?? 0) + 1);
    }
    // 400 each, with a deviation of 15: five of them on either side.
    for (const count of counts.values()) expect(Math.abs(count - 400)).toBeLessThan(75);
    expect(counts.size).toBe(5);
  });

  it("are ranked as the documentation says, so that other programs can tell who is next", () => {
    expect(roleRank(testCrypto, "web", agentOf("a"))).toBe(
      Buffer.from(testCrypto.sha256(new TextEncoder().encode(`web\nagent_${"a".repeat(52)}`))).toString(
        "hex",
      ),
    );
  });
});
