import type { Turn } from "../contract/turn.ts";
import { watchesMax } from "../limits.ts";
import { jitteredMs } from "./backoff.ts";
import { knownTypeOf, type Parts } from "./parts.ts";
import { claimOf, type ResourceState } from "./state.ts";

/** Gives the body a promise to watch. A contested resource, or one beyond `watchesMax`, is only looked at in turn. */
export function watch(parts: Parts, state: ResourceState, turn: Turn): void {
  state.watched = true;
  if (knownTypeOf(parts, state.resource).observedBy === "mind") return;
  const { polls } = knownTypeOf(parts, state.resource).common(claimOf(state).promise);
  const events = !state.contested && !polls && (state.events || parts.liveWatches < watchesMax);
  setEvents(parts, state, events);
  turn.emit({ type: "watch", resource: state.resource, promise: claimOf(state).promise, events });
}

/** Tells the body to forget a resource, and stops looking at it. */
export function unwatch(parts: Parts, state: ResourceState, turn: Turn): void {
  parts.deadlines.delete("look", state.resource);
  parts.deadlines.delete("retry", state.resource);
  parts.deadlines.delete("hold", state.resource);
  parts.awaitingDanger.delete(state.resource);
  if (parts.asking.delete(state.resource)) parts.revision += 1;
  parts.waiting.forget(state.resource);
  parts.actions.dequeue(state.resource);
  setEvents(parts, state, false);
  if (!state.watched) return;
  state.watched = false;
  if (knownTypeOf(parts, state.resource).observedBy === "mind") return;
  turn.emit({ type: "unwatch", resource: state.resource });
}

/** Asks the body to look. What the mind itself observes comes unasked, whenever it changes. */
export function look(parts: Parts, state: ResourceState, turn: Turn): void {
  if (knownTypeOf(parts, state.resource).observedBy === "mind") return;
  turn.emit({ type: "observe", resource: state.resource });
}

/** Sets the next look of the sweep; the first one falls anywhere in the interval, so that looks are spread. */
export function scheduleLook(parts: Parts, state: ResourceState, which: "first" | "next", turn: Turn): void {
  const type = knownTypeOf(parts, state.resource);
  if (type.observedBy === "mind") return;
  const everyMs = type.common(claimOf(state).promise).everyMs ?? parts.settings.sweepIntervalMs;
  const inMs = which === "first" ? turn.random.between(1, everyMs) : jitteredMs(everyMs, turn.random);
  parts.deadlines.set("look", state.resource, turn.now.monoMs + inMs);
}

function setEvents(parts: Parts, state: ResourceState, events: boolean): void {
  if (state.events !== events) parts.liveWatches += events ? 1 : -1;
  state.events = events;
}
