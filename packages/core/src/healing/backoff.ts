import type { Random } from "../random.ts";
import type { Settings } from "../settings.ts";

/** Doublings after which every sensible base has passed every sensible maximum; keeps the shift in range. */
const doublingsMax = 30;

/**
 * How long to wait after this many failures (at least 1): full jitter, a whole number from 1 to
 * min(maximum, base × 2^(failures − 1)). AWS Architecture Blog, "Exponential Backoff And Jitter", 2015.
 */
export function backoffMs(
  failures: number,
  settings: Pick<Settings, "backoffBaseMs" | "backoffMaxMs">,
  random: Random,
): number {
  const doublings = Math.min(failures - 1, doublingsMax);
  return random.between(1, Math.min(settings.backoffMaxMs, settings.backoffBaseMs * 2 ** doublings));
}

/** A span moved by up to a tenth in either direction, so that what began together does not stay together. */
export function jitteredMs(spanMs: number, random: Random): number {
  const tenthMs = Math.floor(spanMs / 10);
  return spanMs - tenthMs + random.below(2 * tenthMs + 1);
}
