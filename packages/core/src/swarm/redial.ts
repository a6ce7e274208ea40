import type { Random } from "../random.ts";
import type { Settings } from "../settings.ts";

/** A lost peer is tried about as often as a reachable one is probed, until the outage is long. Guesses. */
const lostPart = 4;
const longLostPart = 32;

/**
 * How long to wait before the next dial of a lost or dead peer, in milliseconds: full jitter (AWS Architecture Blog,
 * 2015) below a bound that grows with the outage, from `redialBaseMs` to `redialMaxMs`. Bound to the outage and not
 * to the number of attempts, a partition of up to a minute is found healed within some two seconds, and a peer that
 * has been gone for a week costs a dial in fifteen seconds.
 */
export function redialWaitMs(
  outageMs: number,
  peer: "lost" | "dead" | "gone",
  settings: Settings,
  random: Random,
): number {
  const { redialBaseMs, redialMaxMs, probeIntervalMs } = settings;
  const lostMs = Math.max(Math.min(outageMs / lostPart, probeIntervalMs), outageMs / longLostPart);
  // A dead peer, which a quorum vouches for, will most likely say itself that it is back. One whose host refuses is
  // not behind any cut: its process dials its neighbors when it starts.
  const boundMs = { lost: lostMs, dead: Math.max(outageMs, probeIntervalMs), gone: redialMaxMs }[peer];
  return 1 + random.below(Math.floor(Math.min(redialMaxMs, Math.max(redialBaseMs, boundMs))));
}
