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

/** The clocks of this machine, in whole milliseconds: the mind counts in whole numbers. */
export class SystemClock implements Clock {
  #timer: NodeJS.Timeout | undefined;

  now(): Now {
    return { monoMs: Math.floor(performance.now()), wallMs: Date.now() };
  }

  setAlarm(delayMs: number, ring: () => void): void {
    clearTimeout(this.#timer);
    if (delayMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(ring, Math.min(Math.max(0, Math.ceil(delayMs)), timerMsMax));
  }

  clearAlarm(): void {
    clearTimeout(this.#timer);
  }
}
