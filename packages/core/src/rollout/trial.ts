import type { Staging } from "@antibody/policy";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import { formatDuration } from "../resources/parts/duration.ts";
import type { Health } from "./judging.ts";
import type { Stage } from "./stage.ts";

/**
 * So many starts of the agent while one generation is tried count as a failure: it may be what ends the agent or its
 * device. A guess: an update of the system restarts twice.
 */
const startsMax = 3;

/** What a look at a generation on trial comes to. */
export type Verdict =
  | { readonly type: "goesOn"; readonly stage: Stage }
  | { readonly type: "proven" }
  | { readonly type: "failed"; readonly reason: string };

/** Judges a generation on trial, which is in force here, by how the device bears it now. */
export function tryOut(stage: Stage, staging: Staging, health: Health, nowMs: MonotonicMs): Verdict {
  const { holdMs, withinMs } = staging.health;
  if (health.type === "failed") return { type: "failed", reason: health.detail };
  if (stage.starts > startsMax) {
    return { type: "failed", reason: `the agent was started ${stage.starts} times while it was tried` };
  }
  // A paused device shows nothing, good or bad: its time does not run.
  if (health.type === "paused")
    return { type: "goesOn", stage: { ...stage, trialSinceMs: nowMs, wholeSinceMs: NEVER } };
  if (health.type === "kept") {
    const wholeSinceMs = Math.min(stage.wholeSinceMs, nowMs);
    if (nowMs - wholeSinceMs >= holdMs) return { type: "proven" };
    if (nowMs - stage.trialSinceMs < withinMs) return { type: "goesOn", stage: { ...stage, wholeSinceMs } };
    return {
      type: "failed",
      reason: `not kept for ${formatDuration(holdMs)} within ${formatDuration(withinMs)}`,
    };
  }
  if (nowMs - stage.trialSinceMs >= withinMs) {
    return { type: "failed", reason: `not kept within ${formatDuration(withinMs)}: ${health.detail}` };
  }
  return { type: "goesOn", stage: { ...stage, wholeSinceMs: NEVER } };
}

/** When a generation on trial is to be judged again though nothing has changed. */
export function trialDeadline(stage: Stage, { health }: Staging): MonotonicMs {
  return Math.min(stage.trialSinceMs + health.withinMs, stage.wholeSinceMs + health.holdMs);
}
