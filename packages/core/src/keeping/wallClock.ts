import type { MonotonicMs, Now, WallMs } from "../contract/time.ts";
import { NEVER } from "../contract/time.ts";

/** 2025-01-01 and 2100-01-01. A clock beyond is not set: a Pi boots in 1970, and a broken one may say 9999. Guesses. */
const wallMsMin: WallMs = 1_735_689_600_000;
const wallMsMax: WallMs = 4_102_444_800_000;

/** The wall clock, where it can be right. */
export function trustedWallMs({ wallMs }: Now): WallMs | undefined {
  return wallMs >= wallMsMin && wallMs < wallMsMax ? wallMs : undefined;
}

/** When a wall time comes, on the monotonic clock; NEVER where the clock cannot be trusted, or the time is past. */
export function monotonicOf(wallMs: WallMs, now: Now): MonotonicMs {
  const trusted = trustedWallMs(now);
  return trusted === undefined || wallMs <= trusted ? NEVER : now.monoMs + (wallMs - trusted);
}
