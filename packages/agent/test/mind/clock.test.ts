import { afterEach, expect, test, vi } from "vitest";
import { SystemClock } from "../../src/mind/clock.ts";

afterEach(() => void vi.useRealTimers());

/** Sources that a test moves: one stands while the device sleeps, the other counts, in steps of ten milliseconds. */
function sources() {
  const state = {
    running: 500,
    slept: 0,
    /** Whether the wall clock shows what was slept. */
    shown: true,
    reads: 0,
    source: {
      runningMs: () => state.running,
      countedMs: () => {
        state.reads += 1;
        return Math.floor((70_000 + state.running + state.slept) / 10) * 10;
      },
      wallMs: () => Math.floor(1_700_000_000_000 + state.running + (state.shown ? state.slept : 0)),
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

test("a suspension is counted at once where the wall clock shows it, else within a tenth of a second", () => {
  for (const shown of [true, false]) {
    const moved = sources();
    moved.shown = shown;
    const clock = new SystemClock(moved.source);
    clock.now();
    moved.slept = 60_000;
    moved.running += 1;
    expect(clock.now().monoMs > 60_000).toBe(shown);
    moved.running += 100;
    expect(clock.now().monoMs).toBeGreaterThan(60_000);
  }
});

test("the coarser clock is read seldom", () => {
  const state = sources();
  const clock = new SystemClock(state.source);
  for (let step = 0; step < 1_000; step += 1) {
    state.running += 0.1;
    clock.now();
  }
  expect(state.reads).toBeLessThanOrEqual(3);
});

test("the clocks of this machine agree at once", () => {
  const clock = new SystemClock();
  expect(clock.now().monoMs).toBeLessThanOrEqual(Math.floor(performance.now()));
});

/** A clock whose timers and whose sources a test moves together. */
function alarmed() {
  vi.useFakeTimers();
  const state = sources();
  const pass = (ms: number): void => {
    for (let step = 0; step < ms; step += 1) {
      state.running += 1;
      vi.advanceTimersByTime(1);
    }
  };
  return { clock: new SystemClock(state.source), pass };
}

test("an alarm that is put off again and again rings once, when the last one is due", () => {
  const { clock, pass } = alarmed();
  const rings: string[] = [];
  for (let step = 0; step < 10; step += 1) {
    clock.setAlarm(100, () => rings.push(`${step}`));
    pass(20);
  }
  pass(70);
  expect(rings).toEqual([]);
  pass(11);
  expect(rings).toEqual(["9"]);
  pass(1_000);
  expect(rings).toEqual(["9"]);
});

test("an alarm that comes sooner than the one before rings in time, and one that is cleared never", () => {
  const { clock, pass } = alarmed();
  const rings: string[] = [];
  clock.setAlarm(500, () => rings.push("late"));
  clock.setAlarm(50, () => rings.push("soon"));
  pass(51);
  expect(rings).toEqual(["soon"]);
  clock.setAlarm(100, () => rings.push("cleared"));
  clock.clearAlarm();
  pass(1_000);
  clock.setAlarm(100, () => rings.push("never"));
  clock.setAlarm(Number.POSITIVE_INFINITY, () => rings.push("infinite"));
  pass(1_000);
  clock.setAlarm(3, () => rings.push("again"));
  pass(4);
  expect(rings).toEqual(["soon", "again"]);
});
