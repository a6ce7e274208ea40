/** A time on the agent's monotonic clock, in milliseconds. Never goes back; its zero means nothing. */
export type MonotonicMs = number;

/** A time on the wall clock, in milliseconds since 1970. May jump, and may be wrong: a Pi has no clock at boot. */
export type WallMs = number;

/**
 * The time of a step. The monotonic time drives every deadline; the wall time serves the validity of policy
 * and what people read, and decides nothing else.
 */
export interface Now {
  readonly monoMs: MonotonicMs;
  readonly wallMs: WallMs;
}

/** The deadline of something that waits for no time. */
export const NEVER: MonotonicMs = Number.POSITIVE_INFINITY;

/**
 * When something was last that has not been yet: before every time. Only by this name: V8 makes an object of each
 * `Number.NEGATIVE_INFINITY` that is written down.
 */
export const NOT_YET: MonotonicMs = Number.NEGATIVE_INFINITY;
