import type { AttemptView } from "../contract/inspection.ts";
import type { ActionId } from "../contract/output.ts";
import type { Turn } from "../contract/turn.ts";
import { attemptsKeptMax } from "../limits.ts";
import { lastLineOf } from "../resources/parts/output.ts";
import { backoffMs, jitteredMs } from "./backoff.ts";
import { knownTypeOf, type Parts } from "./parts.ts";
import { claimOf, type ResourceState } from "./state.ts";

/** Adds an attempt to the history; the oldest goes first. */
export function rememberAttempt(state: ResourceState, attempt: AttemptView): void {
  state.attempts = [...state.attempts, attempt].slice(-attemptsKeptMax);
}

/** Says of a past attempt what was found out later. */
export function rewriteAttempt(
  state: ResourceState,
  id: ActionId,
  result: AttemptView["result"],
  detail: string,
): void {
  state.attempts = state.attempts.map((attempt) =>
    attempt.id === id ? { ...attempt, result, detail } : attempt,
  );
}

/** Counts a failed repair and sets the next one: after a growing wait, or, once handed off, rarely. */
export function noteFailure(
  parts: Parts,
  state: ResourceState,
  action: ActionId,
  detail: string,
  turn: Turn,
): void {
  const { settings } = parts;
  state.failures += 1;
  state.failuresInRow += 1;
  const { retry, backoff } = knownTypeOf(parts, state.resource).common(claimOf(state).promise);
  const isHandedOff = state.failuresInRow >= (retry ?? settings.handOffAfterFailures);
  let waitMs = isHandedOff
    ? jitteredMs(settings.handedOffRetryMs, turn.random)
    : backoffMs(state.failures, settings, backoff, turn.random);
  if (state.contested) waitMs = Math.max(waitMs, settings.contestedRetryMs);
  setRetry(parts, state, waitMs, turn);
  const fields = { failures: state.failuresInRow, detail, retryInMs: waitMs };
  const { resource } = state;
  if (!isHandedOff) turn.tell("resource.backingOff", "warn", { resource, action, ...fields });
  else if (!state.handedOff) {
    const cause = `${state.failuresInRow} repairs in a row failed; the last: ${lastLineOf(detail)}`;
    handOff(parts, state, action, cause, fields, turn);
  }
}

/** What was not begun is tried again at least this often. A guess: who made room on a disk looks whether it helped. */
const unbegunRetryMsMax = 30_000;

/**
 * Sets the next try of a repair that was not begun. Nothing was found out about the repair: no human is asked for it,
 * and the wait does not grow without end. It is told once, and not again while the reason stays the same.
 */
export function noteUnbegun(
  parts: Parts,
  state: ResourceState,
  action: ActionId,
  detail: string,
  turn: Turn,
): void {
  state.failures += 1;
  const { backoff } = knownTypeOf(parts, state.resource).common(claimOf(state).promise);
  const waitMs = Math.min(backoffMs(state.failures, parts.settings, backoff, turn.random), unbegunRetryMsMax);
  setRetry(parts, state, waitMs, turn);
  if (state.attempts.at(-2)?.detail === detail) return;
  const { resource, failuresInRow: failures } = state;
  turn.tell("resource.backingOff", "warn", { resource, action, failures, detail, retryInMs: waitMs });
}

function setRetry(parts: Parts, state: ResourceState, waitMs: number, turn: Turn): void {
  state.retryMs = turn.now.monoMs + waitMs;
  parts.deadlines.set("retry", state.resource, state.retryMs);
}

/** Gives the case to a human, with its evidence. The agent goes on trying, rarely. */
export function handOff(
  parts: Parts,
  state: ResourceState,
  action: ActionId,
  cause: string,
  fields: { readonly [field: string]: string | number },
  turn: Turn,
): void {
  state.handedOff = true;
  const { resource } = state;
  const { id: incident, next } = parts.incidents.open(state, claimOf(state), action, cause, turn);
  turn.tell("resource.handedOff", "error", { resource, action, ...fields, incident, next });
}
