import type { AgentId } from "@antibody/policy";
import type { MonotonicMs } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import type { Random } from "../../random.ts";
import type { Settings } from "../../settings.ts";

/** A lost peer is tried about as often as a reachable one is probed, until the outage is long. Guesses. */
const lostPart = 4;
const longLostPart = 32;
/** A turn is this part of what one lost peer waits from dial to dial at most. A guess. */
const turnParts = [2, 3] as const;

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
  const lostMs = lostBoundMs(outageMs, settings);
  // A dead peer, which a quorum vouches for, will most likely say itself that it is back. One whose host refuses is
  // not behind any cut: its process dials its neighbors when it starts.
  const boundMs = { lost: lostMs, dead: Math.max(outageMs, probeIntervalMs), gone: redialMaxMs }[peer];
  return 1 + random.below(Math.floor(Math.min(redialMaxMs, Math.max(redialBaseMs, boundMs))));
}

/**
 * How long after the last dial that is planned of a lost peer the next one follows, in milliseconds, where others are
 * lost too: they take turns, since the first that is back has all others tried at once. Seldom enough that two are
 * dialed as often as each by itself, and more no oftener; and somebody is dialed at least every 2.7 s in the first
 * minute and a half.
 */
export function redialTurnMs(outageMs: number, settings: Settings, random: Random): number {
  return 1 + random.below(turnBoundMs(outageMs, settings));
}

/** The longest wait for a turn, for whom others that are lost for longer would else be waited for. */
export function redialTurnMsMax(outageMs: number, lost: number, settings: Settings): number {
  return lost * turnBoundMs(outageMs, settings);
}

function turnBoundMs(outageMs: number, settings: Settings): number {
  const { redialBaseMs, redialMaxMs, freshTimeoutMs } = settings;
  const boundMs = Math.min(redialMaxMs, Math.max(redialBaseMs, lostBoundMs(outageMs, settings)));
  const [part, whole] = turnParts;
  return Math.ceil(((boundMs + freshTimeoutMs) * part) / whole);
}

function lostBoundMs(outageMs: number, { probeIntervalMs }: Settings): number {
  return Math.max(Math.min(outageMs / lostPart, probeIntervalMs), outageMs / longLostPart);
}

/** When one lost peer is back, the way to the others may be open too. A guess. */
export const wayOpenSpreadMs = 200;

/**
 * When the way to a lost peer may have opened: soon, but not to all at the same time; and the peer finds so too, so that
 * of the two the one with the greater id lets the other begin.
 */
export function soonMs(agent: AgentId, peer: AgentId, { now, random }: Turn): MonotonicMs {
  return now.monoMs + 1 + random.below(wayOpenSpreadMs) + (agent < peer ? 0 : wayOpenSpreadMs);
}
