import type { ResourcePhase } from "../contract/inspection.ts";
import type { Turn } from "../contract/turn.ts";
import type { Parts } from "./parts.ts";
import type { ResourceState } from "./state.ts";

/** Puts a resource into a phase, and says why. Whoever waited for it to be kept is decided on again. */
export function enter(
  parts: Parts,
  state: ResourceState,
  phase: ResourcePhase,
  why: string,
  turn: Turn,
): void {
  state.why = state.note === "" ? why : `${why} (${state.note})`;
  if (state.phase === phase) return;
  state.phase = phase;
  state.sinceMs = turn.now.monoMs;
  parts.revision += 1;
  // What is costly to repair waits for the trouble of another.
  for (const waiting of parts.awaitingDanger)
    if (waiting !== state.resource) parts.reconsider = parts.reconsider.with(waiting);
  if (phase !== "kept") return;
  for (const resource of parts.waiting.release(state.resource))
    parts.reconsider = parts.reconsider.with(resource);
}
