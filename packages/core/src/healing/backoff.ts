import type { BackoffFields } from "../contract/resource.ts";
import type { Random } from "../random.ts";
import type { Settings } from "../settings.ts";

/** Growths after which every sensible base has passed every sensible maximum: ten to this is still a number. */
const growthsMax = 30;

/**
 * How long to wait after this many failures (at least 1): full jitter, a whole number from 1 to
 * min(maximum, base × factor^(failures − 1)), or just that where the promise wants no jitter; the factor is 2 where it
 * does not say. AWS Architecture Blog, "Exponential Backoff And Jitter", 2015.
 */
export function backoffMs(
  failures: number,
  settings: Pick<Settings, "backoffBaseMs" | "backoffMaxMs">,
  promised: BackoffFields,
  random: Random,
): number {
  const { baseMs = settings.backoffBaseMs, factor = 2, maxMs = settings.backoffMaxMs } = promised;
  const growths = Math.min(failures - 1, growthsMax);
  const mostMs = Math.min(maxMs, baseMs * factor ** growths);
  return promised.jitter === "none" ? mostMs : random.between(1, mostMs);
}

/** A span moved by up to a tenth in either direction, so that what began together does not stay together. */
export function jitteredMs(spanMs: number, random: Random): number {
  const tenthMs = Math.floor(spanMs / 10);
  return spanMs - tenthMs + random.below(2 * tenthMs + 1);
}
