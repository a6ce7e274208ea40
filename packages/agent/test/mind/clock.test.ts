import { expect, test } from "vitest";
import { SystemClock } from "../../src/mind/clock.ts";

/** Sources that a test moves: one stands while the device sleeps, the other counts, in steps of ten milliseconds. */
function sources(): { running: number; slept: number; source: ConstructorParameters<typeof SystemClock>[0] } {
  const state = {
    running: 500,
    slept: 0,
    source: {
      runningMs: () => state.running,
      countedMs: () => Math.floor((70_000 + state.running + state.slept) / 10) * 10,
    },
  };
  return state;
}

test("the monotonic clock counts a time of suspension once, and never goes back", () => {
  const state = sources();
  const clock = new SystemClock(state.source);
  const seen = [clock.now().monoMs];
  for (let step = 0; step < 300; step += 1) {
    state.running += 7.3;
    if (step === 100 || step === 200) state.slept += 60_000;
    seen.push(clock.now().monoMs);
  }
  expect(seen).toEqual(seen.toSorted((left, right) => left - right));
  // To the coarser clock's ten milliseconds, each time.
  expect(Math.abs((seen.at(-1) ?? 0) - (500 + 300 * 7.3 + 120_000))).toBeLessThanOrEqual(21);
});

test("steps of the coarser clock are no sleep: without one the finer clock alone is shown", () => {
  const state = sources();
  const clock = new SystemClock(state.source);
  for (let step = 0; step < 300; step += 1) {
    state.running += 3.7;
    expect(clock.now().monoMs).toBe(Math.floor(state.running));
  }
});

test("the clocks of this machine agree at once", () => {
  const clock = new SystemClock();
  expect(clock.now().monoMs).toBeLessThanOrEqual(Math.floor(performance.now()));
});
