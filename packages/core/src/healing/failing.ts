import type { AttemptView } from "../contract/inspection.ts";
import type { ActionId } from "../contract/output.ts";
import type { Turn } from "../contract/turn.ts";
import { attemptsKeptMax } from "../limits.ts";
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

/** Characters of an attempt's report in a line for people. A guess: a wide terminal. */
const lineCharactersMax = 160;

/** The last line of what an attempt reported, since programs say last why they failed. */
export function lastLineOf(detail: string): string {
  return (detail.trimEnd().split("\n").at(-1) ?? "").slice(0, lineCharactersMax);
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
  state.retryMs = turn.now.monoMs + waitMs;
  parts.deadlines.set(`retry/${state.resource}`, state.retryMs);
  const fields = {
    resource: state.resource,
    action,
    failures: state.failuresInRow,
    detail,
    retryInMs: waitMs,
  };
  if (!isHandedOff) turn.tell("resource.backingOff", "warn", fields);
  else if (!state.handedOff) handOff(parts, state, action, fields, turn);
}

/** Gives the case to a human, with its evidence. The agent goes on trying, rarely. */
function handOff(
  parts: Parts,
  state: ResourceState,
  action: ActionId,
  fields: { readonly detail: string; readonly [field: string]: string | number },
  turn: Turn,
): void {
  state.handedOff = true;
  const cause = `${state.failuresInRow} repairs in a row failed; the last: ${lastLineOf(fields.detail)}`;
  const incident = parts.incidents.open(state, claimOf(state), action, cause, turn);
  turn.tell("resource.handedOff", "error", { ...fields, incident: incident.id, next: incident.next });
}
