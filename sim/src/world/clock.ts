import type { Now } from "@antibody/core";

/** Virtual time begins at this wall time: 2026-11-22T00:00:00Z. */
const epochWallMs = 1_795_305_600_000;
const million = 1_000_000;

/** A host's two clocks: both run by one crystal, which may be wrong; the wall clock can be set. */
export class HostClock {
  /** What the clocks showed at `#sinceUs`, when they last began to run as they do. */
  #monoMs: number;
  /** Since the epoch: a small number, that V8 keeps as it is. */
  #wallMs = 0;
  #sinceUs = 0;
  #driftPerMillion = 0;

  /** Hosts run since some time: nobody may compare their monotonic clocks. */
  constructor(monoMs: number) {
    this.#monoMs = monoMs;
  }

  read(nowUs: number): Now {
    const elapsedMs = this.#elapsedMs(nowUs);
    return { monoMs: whole(this.#monoMs + elapsedMs), wallMs: epochWallMs + this.#wallMs + elapsedMs };
  }

  /** The first virtual time at which the monotonic clock shows this. */
  whenUs(monoMs: number): number {
    const elapsedMs = Math.ceil(monoMs - this.#monoMs);
    if (this.#driftPerMillion === 0) return this.#sinceUs + elapsedMs * 1_000;
    return this.#sinceUs + Math.ceil((elapsedMs * 1_000 * million) / (million + this.#driftPerMillion));
  }

  /** Sets the wall clock forward, or back where negative. */
  jumpWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** Lets both clocks run so many millionths too fast, or too slow where negative, from now on. */
  drift(perMillion: number, nowUs: number): void {
    const { monoMs, wallMs } = this.read(nowUs);
    this.#monoMs = monoMs;
    this.#wallMs = wallMs - epochWallMs;
    this.#sinceUs = nowUs;
    this.#driftPerMillion = perMillion;
  }

  /** The host starts again: the monotonic clock begins anew, and the wall clock goes on. */
  reboot(nowUs: number): void {
    this.drift(this.#driftPerMillion, nowUs);
    this.#monoMs = 0;
  }

  #elapsedMs(nowUs: number): number {
    const elapsedUs = nowUs - this.#sinceUs;
    if (this.#driftPerMillion === 0) return Math.floor(elapsedUs / 1_000);
    return Math.floor((elapsedUs * (million + this.#driftPerMillion)) / (1_000 * million));
  }
}

/**
 * A whole number as V8 keeps it best: up to 2^31 as it is, where what was reckoned with floats may be an object of its own.
 * A mind keeps some thirty times.
 */
function whole(value: number): number {
  const small = value | 0;
  return small === value ? small : value;
}
