import type { Recording } from "./recordingFormat.ts";
import { type ReplayedStep, type ReplayOptions, ReplaySession } from "./replaySession.ts";

/** How a replay went. */
export interface Replay {
  /** Steps run: all of them, or up to the first that differs. */
  readonly stepCount: number;
  readonly firstDifference?: ReplayedStep;
}

/** Runs a recording through a fresh mind, until an answer differs from the recorded one. */
export function replay(recording: Recording, options: ReplayOptions): Replay {
  const session = new ReplaySession(recording, options);
  const differs = session.forwardTo(({ equal }) => !equal);
  const { position, last } = session;
  return { stepCount: position, ...(differs && last !== undefined ? { firstDifference: last } : {}) };
}
