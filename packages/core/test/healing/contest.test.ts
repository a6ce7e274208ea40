import { expect, it } from "vitest";
import { noteUndone } from "../../src/healing/contest.ts";
import { Bench, fileWith } from "./bench.ts";

const motd = "file:/etc/motd";
const settings = { contestRepairsMax: 3, contestWindowMs: 60_000, contestedRetryMs: 60_000 };

/** Damages a kept file and lets the repair hold; the action's number, or undefined when nothing was done. */
function damageAndRepair(bench: Bench, number: number): string[] {
  const lines = bench.see(motd, fileWith("theirs"));
  if (!lines.some((line) => line.startsWith("act"))) return lines;
  bench.done(`1-${number}`);
  return [...lines, ...bench.see(motd, fileWith("ours"))];
}

function contestedBench(): Bench {
  const bench = new Bench({ settings });
  bench.desire({ [motd]: { content: "ours" } });
  bench.see(motd, fileWith("ours"));
  // The first repair undoes nothing of ours; each later damage undoes the repair before it.
  for (let number = 1; number <= 4; number += 1) {
    expect(damageAndRepair(bench, number)).toContain(`act 1-${number} write ${motd}`);
    bench.clock.advance(10);
  }
  return bench;
}

it("a repair that is undone too often is contested: its watch goes off, and it is looked at in turn", () => {
  const bench = contestedBench();
  expect(damageAndRepair(bench, 5)).toEqual([
    `tell info resource.drifted ${motd}`,
    `watch ${motd} without events`,
    `identify ${motd}`,
    `tell warn resource.contested ${motd}`,
  ]);
  expect(bench.view(motd)).toMatchObject({
    phase: "contested",
    why: expect.stringContaining("4 repairs did not last"),
    nextMs: bench.clock.monoMs + 60_000,
  });
  expect(bench.see(motd, fileWith("theirs again"))).toEqual([]);
});

it("of what was undone no more is remembered than decides", () => {
  let undoneMs: readonly number[] = [];
  for (let atMs = 0; atMs < 100; atMs += 1) undoneMs = noteUndone(undoneMs, atMs, settings);
  expect(undoneMs).toEqual([96, 97, 98, 99]);
});

it("a contested resource is repaired at most once a wait", () => {
  const bench = contestedBench();
  damageAndRepair(bench, 5);
  let repairs = 0;
  for (let second = 0; second < 600; second += 1) {
    bench.wakeAfter(1_000);
    const lines = damageAndRepair(bench, 5 + repairs);
    if (lines.some((line) => line.startsWith("act"))) repairs += 1;
    expect(bench.phase(motd)).toBe("contested");
  }
  expect(repairs).toBeGreaterThanOrEqual(9);
  expect(repairs).toBeLessThanOrEqual(10);
});

it("a contested resource whose repair fails waits no shorter than for its turn", () => {
  const bench = contestedBench();
  damageAndRepair(bench, 5);
  bench.wakeForRetry(motd);
  expect(bench.see(motd, fileWith("theirs"))).toContain(`act 1-5 write ${motd}`);
  bench.fail("1-5");
  expect(bench.view(motd).nextMs).toBeGreaterThanOrEqual(bench.clock.monoMs + 60_000);
});

it("a contest that lasts longer than its window is none of failures, and asks no human", () => {
  const bench = contestedBench();
  damageAndRepair(bench, 5);
  for (let number = 5; number < 15; number += 1) {
    bench.wakeForRetry(motd);
    expect(bench.see(motd, fileWith("theirs"))).toContain(`act 1-${number} write ${motd}`);
    bench.done(`1-${number}`);
    // Undone before it could be seen to hold, long after the last one that was.
    bench.see(motd, fileWith("theirs"));
    bench.see(motd, fileWith("theirs"));
    expect(bench.phase(motd)).toBe("contested");
  }
  expect(bench.healing.inspect().incidents).toEqual([]);
});

it("when the other side has stopped, the contest is over and events wake again", () => {
  const bench = contestedBench();
  damageAndRepair(bench, 5);
  expect(bench.wakeForRetry(motd)).toContain(`observe ${motd}`);
  expect(bench.see(motd, fileWith("ours"))).toEqual([
    `tell info resource.repaired ${motd}`,
    `watch ${motd}`,
    `observe ${motd}`,
  ]);
  expect(bench.phase(motd)).toBe("kept");
});

it("a repair undone before it could be verified counts as undone once repairs are known to work", () => {
  const bench = new Bench({ settings });
  bench.desire({ [motd]: { content: "ours" } });
  bench.see(motd, fileWith("ours"));
  damageAndRepair(bench, 1);
  let number = 2;
  for (; bench.phase(motd) !== "contested" && number < 20; number += 1) {
    bench.see(motd, fileWith("theirs"));
    bench.done(`1-${number}`);
    bench.see(motd, fileWith("theirs"));
    bench.see(motd, fileWith("theirs"));
  }
  expect(bench.phase(motd)).toBe("contested");
  expect(number).toBeLessThanOrEqual(6);
  expect(bench.healing.inspect().incidents).toEqual([]);
});

it("damage that comes rarely is repaired for ever and never called a contest", () => {
  const bench = new Bench({ settings });
  bench.desire({ [motd]: { content: "ours" } });
  bench.see(motd, fileWith("ours"));
  for (let number = 1; number <= 50; number += 1) {
    expect(damageAndRepair(bench, number)).toContain(`act 1-${number} write ${motd}`);
    bench.clock.advance(20_000);
  }
  expect(bench.view(motd)).toMatchObject({ phase: "kept", repairs: 50 });
});
