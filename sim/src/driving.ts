import { wallMs, yieldOnce } from "./engine/hostProcess.ts";
import type { Running } from "./running.ts";

/** How far a run is driven, and who is told meanwhile. */
export interface Driving {
  /** Virtual time at which it stops; its end where absent. */
  readonly untilMs?: number;
  /** Looked at after every event where it is there; a run stops at the first one after which it is true. */
  readonly isReached?: () => boolean;
  /** Called about every 50 ms of wall time. */
  readonly onPause?: (nowMs: number) => void;
}

/** Events between two looks at the wall clock: some milliseconds. */
const sliceEvents = 2_000;
/** How long the process does nothing else. */
const holdMsMax = 50;

/** Runs a scenario to its end, or until it is to stop, and lets the process do other things meanwhile. */
export async function drive(running: Running, { untilMs, isReached, onPause }: Driving): Promise<void> {
  const slice = isReached === undefined ? sliceEvents : 1;
  let pausedMs = wallMs();
  while (!running.advance(slice, untilMs) && isReached?.() !== true) {
    const nowMs = wallMs();
    if (nowMs - pausedMs < holdMsMax) continue;
    onPause?.(nowMs);
    await yieldOnce();
    pausedMs = wallMs();
  }
}
