import { makeId, type Staging } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CountedReport, standingOf } from "../../src/rollout/gates.ts";

const staging: Staging = {
  health: { holdMs: 1, withinMs: 2 },
  rollout: {
    salt: "00",
    failuresMax: 2,
    stallAfterMs: 1_000,
    waves: [
      { percent: 10, reportersMin: 2 },
      { percent: 50, reportersMin: 3 },
      { percent: 100, reportersMin: 1 },
    ],
  },
};

function report(member: number, wave: number, finding: CountedReport["finding"]): CountedReport {
  return { agent: makeId("agent", new Uint8Array(32).fill(member)), wave, finding };
}

function directive(verb: "advance" | "halt" | "commit" | "abort", wave?: number) {
  return { verb, reason: "", ...(wave === undefined ? {} : { wave }) };
}

describe("a rollout", () => {
  it("begins with its first wave alone: silence is not success", () => {
    expect(standingOf(staging, [], [])).toMatchObject({ lastOpen: 0, halted: undefined });
    expect(standingOf(staging, [], [report(1, 0, "healthy")]).lastOpen).toBe(0);
  });

  it("goes on when enough different members of the wave say it is well", () => {
    const twice = [report(1, 0, "healthy"), report(1, 0, "healthy")];
    expect(standingOf(staging, [], twice).lastOpen).toBe(0);
    expect(standingOf(staging, [], [...twice, report(2, 0, "healthy")]).lastOpen).toBe(1);
  });

  it("does not count members of waves that have not begun", () => {
    const early = [1, 2, 3, 4, 5].map((member) => report(member, 2, "healthy"));
    expect(standingOf(staging, [], early).lastOpen).toBe(0);
    const failing = [1, 2, 3, 4, 5].map((member) => report(member, 1, "failed"));
    expect(standingOf(staging, [], failing).halted).toBeUndefined();
  });

  it("takes who says both for failed", () => {
    const both = [report(1, 0, "healthy"), report(2, 0, "healthy"), report(2, 0, "failed")];
    expect(standingOf(staging, [], both).lastOpen).toBe(0);
  });

  it("halts by enough failures of different members, and no advance stands against it", () => {
    const one = [report(1, 0, "failed"), report(1, 0, "failed")];
    expect(standingOf(staging, [], one).halted).toBeUndefined();
    const two = [...one, report(2, 0, "failed")];
    expect(standingOf(staging, [directive("advance", 2)], two).halted).toBe("it failed on 2 devices");
    expect(standingOf(staging, [directive("advance", 2), directive("halt")], []).halted).toBeDefined();
  });

  it("advances by the author's word, whoever is silent", () => {
    expect(standingOf(staging, [directive("advance", 1)], []).lastOpen).toBe(1);
    expect(standingOf(staging, [directive("advance", 20)], []).lastOpen).toBe(2);
  });
});

describe("a barrier", () => {
  const barrier: Staging = { health: staging.health, barrier: { readyMin: 2, readyWithinMs: 1 } };

  it("counts who is ready, and obeys a commit whatever is said after it", () => {
    const ready = [report(1, 0, "ready"), report(2, 0, "ready"), report(2, 0, "ready")];
    expect(standingOf(barrier, [], ready)).toMatchObject({ ready: 2, word: "none" });
    expect(standingOf(barrier, [directive("abort")], ready).halted).toBeDefined();
    const all = [directive("abort"), directive("commit"), directive("halt")];
    expect(standingOf(barrier, all, ready)).toMatchObject({ word: "commit", halted: undefined });
  });
});

describe("what was said", () => {
  const reports = fc.array(
    fc
      .tuple(fc.nat(8), fc.nat(2), fc.constantFrom("ready", "healthy", "failed", "switched"))
      .map(([member, _, finding]) => report(member, member % 3, finding as CountedReport["finding"])),
    { maxLength: 24 },
  );
  const directives = fc.array(
    fc.oneof(
      fc.nat(3).map((wave) => directive("advance", wave)),
      fc.constantFrom(directive("halt"), directive("commit"), directive("abort")),
    ),
    { maxLength: 4 },
  );

  it("means the same in every order, and however often it is said", () => {
    fc.assert(
      fc.property(reports, directives, fc.integer(), (said, words, seed) => {
        const order = (items: readonly unknown[]) =>
          [...items].sort((left, right) => digest(left, seed) - digest(right, seed));
        const again = order([...said, ...said]) as CountedReport[];
        const wordsAgain = order([...words, ...words]) as typeof words;
        expect(standingOf(staging, wordsAgain, again)).toEqual(standingOf(staging, words, said));
      }),
      { numRuns: 300 },
    );
  });

  it("never closes a wave again by what is said later, but by a failure of who was well", () => {
    fc.assert(
      fc.property(reports, reports, (first, later) => {
        const well = later.filter(({ finding }) => finding !== "failed");
        const before = standingOf(staging, [], first).lastOpen;
        expect(standingOf(staging, [], [...first, ...well]).lastOpen).toBeGreaterThanOrEqual(before);
      }),
      { numRuns: 300 },
    );
  });
});

function digest(item: unknown, seed: number): number {
  let sum = seed | 0;
  for (const character of JSON.stringify(item)) sum = (Math.imul(sum, 31) + character.charCodeAt(0)) | 0;
  return sum;
}
