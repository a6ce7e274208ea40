import type { Random } from "../random.ts";
import type { Settings } from "../settings.ts";

/** A lost peer is tried again within this part of the time that it has been lost. A guess. */
const outagePart = 8;

/**
 * How long to wait before the next dial of a lost peer, in milliseconds: full jitter (AWS Architecture Blog, 2015)
 * below a bound that grows with the outage, from `redialBaseMs` to `redialMaxMs`. Bound to the outage and not to
 * the number of attempts, a partition of ten seconds is found healed within two, and a peer gone for a week costs
 * a dial in fifteen seconds.
 */
export function redialWaitMs(outageMs: number, settings: Settings, random: Random): number {
  const boundMs = Math.max(settings.redialBaseMs, Math.floor(outageMs / outagePart));
  return 1 + random.below(Math.min(settings.redialMaxMs, boundMs));
}
