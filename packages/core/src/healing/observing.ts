import type { ResourceId } from "@antibody/policy";
import type { Drift, Observation, ObservationFailure } from "../contract/resource.ts";
import type { Turn } from "../contract/turn.ts";
import { attemptDetailCharactersMax } from "../limits.ts";
import { formatDuration } from "../resources/parts/duration.ts";
import { isContested, noteUndone } from "./contest.ts";
import { decide } from "./deciding.ts";
import { handOff, noteFailure, rewriteAttempt } from "./failing.ts";
import { forgetFare, noteDamage, noteLook, noteMended } from "./faring.ts";
import { look, watch } from "./looking.ts";
import { knownTypeOf, type Parts } from "./parts.ts";
import { refreshOthers } from "./refreshing.ts";
import { claimOf, type ResourceState, type Verification } from "./state.ts";

/** Looks at a resource after a repair before the repair counts as failed: the first may have begun before its end. */
const verifyingLooksMax = 2;

/** Takes in what was seen of a resource. Anything seen while an action changes it waits for the look after it. */
export function observed(parts: Parts, resource: ResourceId, observation: Observation, turn: Turn): void {
  const state = stateToJudge(parts, resource);
  if (state === undefined) return;
  const type = knownTypeOf(parts, resource);
  const { promise } = claimOf(state);
  const drift = type.diff(promise, observation, parts.context);
  state.observation = observation;
  state.failure = undefined;
  const { verification } = state;
  if (verification === undefined && state.driftSinceMs === undefined) noteLook(state, drift);
  if (verification !== undefined) {
    if (drift !== undefined && verification.looks + 1 < verifyingLooksMax) {
      state.verification = { ...verification, looks: verification.looks + 1 };
      look(parts, state, turn);
      return;
    }
    verified(parts, state, verification, drift, turn);
  }
  if (drift === undefined) noteKept(parts, state, turn);
  else {
    noteDrift(parts, state, drift, turn);
    state.plan = type.plan(promise, observation, drift);
  }
  decide(parts, state, "fresh", turn);
  // The story of what was before the start is told once.
  if (state.phase !== "repairing") state.note = "";
}

/** Takes in that a resource could not be looked at. */
export function unobservable(
  parts: Parts,
  resource: ResourceId,
  failure: ObservationFailure,
  turn: Turn,
): void {
  const state = stateToJudge(parts, resource);
  if (state === undefined) return;
  if (state.verification !== undefined) {
    rewriteAttempt(state, state.verification.action, "unverified", `could not be looked at: ${failure.code}`);
    state.verification = undefined;
  }
  const isNew = state.failure === undefined;
  state.failure = failure;
  state.observation = undefined;
  state.drift = undefined;
  state.plan = undefined;
  if (isNew) turn.tell("resource.unobservable", "warn", { resource, ...failure });
  decide(parts, state, "fresh", turn);
}

function stateToJudge(parts: Parts, resource: ResourceId): ResourceState | undefined {
  const state = parts.states.get(resource);
  return state?.duty === "keep" && state.action === undefined ? state : undefined;
}

/** The look after a repair: it held, or it failed, or it is being undone as others were before. */
function verified(
  parts: Parts,
  state: ResourceState,
  verification: Verification,
  drift: Drift | undefined,
  turn: Turn,
): void {
  const { monoMs } = turn.now;
  state.verification = undefined;
  if (drift === undefined) {
    state.repairs += 1;
    state.repairedMs = monoMs;
    state.undoneCounted = false;
    if (state.contested) waitForNextLook(parts, state, turn);
    turn.tell("resource.repaired", "info", {
      resource: state.resource,
      by: "agent",
      action: verification.action,
      verb: verification.verb,
      tookMs: monoMs - (state.driftSinceMs ?? monoMs),
    });
    noteMended(parts, state, turn);
    // What was only begun anew was not repaired: two that name each other would never come to rest.
    if (state.driftSinceMs !== undefined) refreshOthers(parts, state, turn);
    state.driftSinceMs = undefined;
    return;
  }
  rewriteAttempt(state, verification.action, "unverified", `still differs after it: ${drift.summary}`);
  const workedBefore = state.repairedMs !== undefined && isRecent(parts, state.repairedMs, turn);
  // A repair that is known to work, and now does not hold, is undone: that is a contest, not a failure.
  if (workedBefore || state.contested) {
    noteUndoing(parts, state, drift, turn);
    if (state.contested) waitForNextLook(parts, state, turn);
  } else noteFailure(parts, state, verification.action, drift.summary, turn);
}

function noteKept(parts: Parts, state: ResourceState, turn: Turn): void {
  const { monoMs } = turn.now;
  if (state.driftSinceMs !== undefined) {
    turn.tell("resource.repaired", "info", {
      resource: state.resource,
      by: "others",
      tookMs: monoMs - state.driftSinceMs,
    });
    noteMended(parts, state, turn);
  }
  state.drift = undefined;
  state.plan = undefined;
  state.driftSinceMs = undefined;
  state.failuresInRow = 0;
  state.stepping = false;
  state.keptSinceMs ??= monoMs;
  if (monoMs - state.keptSinceMs >= parts.settings.backoffResetAfterMs) forgetFare(state);
  // Kept when it was looked at in its turn: whatever fought has stopped.
  if (state.contested && state.retryMs === undefined) leaveContest(parts, state, turn);
  // What was begun once more, and may not last this time either, is not mended.
  if (state.contested) return;
  forgetRetry(parts, state);
  state.handedOff = false;
  parts.incidents.mend(state.resource, turn);
}

function noteDrift(parts: Parts, state: ResourceState, drift: Drift, turn: Turn): void {
  const { monoMs } = turn.now;
  const { mode } = claimOf(state);
  state.drift = drift;
  if (state.driftSinceMs !== undefined) return;
  const keptForMs = state.keptSinceMs === undefined ? 0 : monoMs - state.keptSinceMs;
  const { backoff } = knownTypeOf(parts, state.resource).common(claimOf(state).promise);
  if (keptForMs >= (backoff.resetAfterMs ?? parts.settings.backoffResetAfterMs)) state.failures = 0;
  noteDamage(state, keptForMs);
  state.keptSinceMs = undefined;
  state.driftSinceMs = monoMs;
  const attributes = { attributes: drift.attributes, summary: drift.summary };
  turn.tell("resource.drifted", mode === "warn" ? "warn" : "info", {
    resource: state.resource,
    mode,
    ...attributes,
  });
  if (state.repairedMs !== undefined && !state.undoneCounted && isRecent(parts, state.repairedMs, turn)) {
    noteUndoing(parts, state, drift, turn);
  }
}

/** Counts a repair that was undone; too many within the window, and the resource is contested. */
function noteUndoing(parts: Parts, state: ResourceState, drift: Drift, turn: Turn): void {
  const { settings } = parts;
  state.undoneCounted = true;
  state.undoneMs = noteUndone(state.undoneMs, turn.now.monoMs, settings);
  tellOfItsEnd(state, drift, turn);
  if (!state.contested && !isContested(state.undoneMs, settings)) return;
  const isNew = !state.contested;
  state.contested = true;
  if (isNew) watch(parts, state, turn);
  // Once a wait, while it lasts: others may join, and who was missed may be met.
  turn.emit({ type: "identify", resource: state.resource });
  if (!isNew) return;
  waitForNextLook(parts, state, turn);
  turn.tell("resource.contested", "warn", {
    resource: state.resource,
    undone: state.undoneMs.length,
    withinMs: settings.contestWindowMs,
    drift: drift.summary,
    retryInMs: settings.contestedRetryMs,
  });
  if (knownTypeOf(parts, state.resource).endsByItself) handOffLoop(parts, state, drift, turn);
}

/** Says of the last repair, which held, how long it did: evidence for whoever looks. */
function tellOfItsEnd(state: ResourceState, drift: Drift, turn: Turn): void {
  const last = state.attempts.at(-1);
  if (last?.result !== "done") return;
  const heldMs = Math.max(0, turn.now.monoMs - last.startedMs - last.tookMs);
  const detail = `${last.detail}; it lasted ${formatDuration(heldMs)}: ${drift.summary}`;
  rewriteAttempt(state, last.id, "done", detail.slice(0, attemptDetailCharactersMax));
}

/** What ends by itself as often as it is begun. The incident holds each attempt, and what was seen of the last end. */
function handOffLoop(parts: Parts, state: ResourceState, drift: Drift, turn: Turn): void {
  const { contestWindowMs, contestedRetryMs } = parts.settings;
  const [undone, last] = [state.undoneMs.length, state.attempts.at(-1)];
  if (state.handedOff || last === undefined) return;
  const within = formatDuration(contestWindowMs);
  const cause = `${undone} repairs within ${within} did not last; the last: ${drift.summary}`;
  const fields = { undone, withinMs: contestWindowMs, detail: drift.summary, retryInMs: contestedRetryMs };
  handOff(parts, state, last.id, cause, fields, turn);
}

function leaveContest(parts: Parts, state: ResourceState, turn: Turn): void {
  state.contested = false;
  state.undoneMs = [];
  state.rival = undefined;
  watch(parts, state, turn);
  // Whatever happened before the watch stood was not told.
  look(parts, state, turn);
}

function waitForNextLook(parts: Parts, state: ResourceState, turn: Turn): void {
  state.retryMs = turn.now.monoMs + parts.settings.contestedRetryMs;
  parts.deadlines.set("retry", state.resource, state.retryMs);
}

function forgetRetry(parts: Parts, state: ResourceState): void {
  state.retryMs = undefined;
  parts.deadlines.delete("retry", state.resource);
}

function isRecent(parts: Parts, atMs: number, turn: Turn): boolean {
  return turn.now.monoMs - atMs < parts.settings.contestWindowMs;
}
