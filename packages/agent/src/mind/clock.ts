import { uptime } from "node:os";
import type { Now } from "@antibody/core";

/** The longest wait of a Node timer: a signed 32-bit number of milliseconds. Waking earlier is harmless. */
const timerMsMax = 2_147_483_647;

/** The time, and one alarm. The driver of a mind needs no more; tests give another one. */
export interface Clock {
  now(): Now;
  /** Calls back after this long. Replaces the alarm set before; Infinity sets none. */
  setAlarm(delayMs: number, ring: () => void): void;
  clearAlarm(): void;
}

/** What the clocks below are read from. */
export interface ClockSource {
  /** Milliseconds since some time, to the microsecond. It stands while the device is suspended. */
  readonly runningMs: () => number;
  /** Milliseconds since some time, to ten of them. It counts while the device is suspended (CLOCK_BOOTTIME). */
  readonly countedMs: () => number;
  /** Milliseconds since 1970, on the wall clock. */
  readonly wallMs: () => number;
}

const system: ClockSource = {
  runningMs: () => performance.now(),
  countedMs: () => uptime() * 1_000,
  wallMs: () => Date.now(),
};

/** A difference of the two sources that is no sleep: the coarser one counts in steps of ten milliseconds. */
const sleepMsMin = 100;
/**
 * The coarser source is a file that takes 20 µs to read, and a sweep asks for the time a thousand times: it is read
 * when the wall clock has moved, as it does in every suspension that the kernel knows of, and so often besides.
 */
const countEveryMs = 100;

/**
 * The clocks of this machine, in whole milliseconds: the mind counts in whole numbers. The monotonic one counts while
 * the device is suspended: others do not wait meanwhile, and a lease that stood still would outlive its votes.
 */
export class SystemClock implements Clock {
  readonly #source: ClockSource;
  /** How far the sources are apart: what was slept, on top of what they began with. */
  #apartMs: number;
  readonly #firstApartMs: number;
  /** When the coarser source was last read, and how far the wall clock was apart then. */
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #wallApartMs = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer rings, when the alarm is due, and what it calls. */
  #armedMs = Number.POSITIVE_INFINITY;
  #dueMs = Number.POSITIVE_INFINITY;
  #ring: (() => void) | undefined;

  constructor(source: ClockSource = system) {
    this.#source = source;
    this.#firstApartMs = source.countedMs() - source.runningMs();
    this.#apartMs = this.#firstApartMs;
  }

  now(): Now {
    const runningMs = this.#source.runningMs();
    const wallMs = this.#source.wallMs();
    const wallApartMs = wallMs - runningMs;
    const hasWallMoved = Math.abs(wallApartMs - this.#wallApartMs) > sleepMsMin / 2;
    if (hasWallMoved || runningMs - this.#countedAtMs >= countEveryMs) {
      this.#countedAtMs = runningMs;
      this.#wallApartMs = wallApartMs;
      const apartMs = this.#source.countedMs() - runningMs;
      if (apartMs - this.#apartMs > sleepMsMin) this.#apartMs = apartMs;
    }
    return { monoMs: Math.floor(runningMs + this.#apartMs - this.#firstApartMs), wallMs };
  }

  /**
   * A timer that rings too early is left to: an alarm is put off at most steps, and Node's loop wakes for a timer that
   * was cleared all the same.
   */
  setAlarm(delayMs: number, ring: () => void): void {
    this.#ring = ring;
    this.#dueMs = this.#source.runningMs() + Math.max(0, delayMs);
    if (this.#dueMs < this.#armedMs) this.#arm();
  }

  clearAlarm(): void {
    this.#ring = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#armedMs = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#armedMs = this.#dueMs;
    if (this.#dueMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.ceil(this.#dueMs - this.#source.runningMs());
    this.#timer = setTimeout(() => this.#rang(), Math.min(Math.max(0, waitMs), timerMsMax));
  }

  #rang(): void {
    this.#armedMs = Number.POSITIVE_INFINITY;
    // Timers count in whole milliseconds: a part of one is no reason to wait for another.
    if (this.#dueMs - this.#source.runningMs() < 1) this.#ring?.();
    else this.#arm();
  }
}
