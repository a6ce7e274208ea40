import type { MonotonicMs } from "../contract/time.ts";
import type { Settings } from "../settings.ts";

type Damping = Pick<Settings, "contestRepairsMax" | "contestWindowMs">;

/**
 * The times at which a repair was found undone, with one more: only those within the window, and no more than
 * decide. Two healers without such damping rewrote one file 2,766 times a second each (measured).
 */
export function noteUndone(
  undoneMs: readonly MonotonicMs[],
  nowMs: MonotonicMs,
  damping: Damping,
): readonly MonotonicMs[] {
  const within = undoneMs.filter((atMs) => nowMs - atMs < damping.contestWindowMs);
  return [...within, nowMs].slice(-(damping.contestRepairsMax + 1));
}

/** Whether so many repairs were undone that something else must be fighting. */
export function isContested(undoneMs: readonly MonotonicMs[], damping: Damping): boolean {
  return undoneMs.length > damping.contestRepairsMax;
}
