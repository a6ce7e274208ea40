import type { ResourceId } from "@antibody/policy";
import type { ActionResult } from "../contract/input.ts";
import type { AttemptView } from "../contract/inspection.ts";
import type { ActionId } from "../contract/output.ts";
import type { Turn } from "../contract/turn.ts";
import { attemptDetailCharactersMax } from "../limits.ts";
import { formatDuration } from "../resources/parts/duration.ts";
import type { RunningAction } from "./actions.ts";
import { decide } from "./deciding.ts";
import { noteFailure, noteUnbegun, rememberAttempt } from "./failing.ts";
import { look, unwatch } from "./looking.ts";
import type { Parts } from "./parts.ts";
import { enter } from "./phases.ts";
import { forgetRefresh, settleRefresh } from "./refreshing.ts";
import type { ResourceState } from "./state.ts";

/** Takes in how an action ended. An unknown id is that of an action of an earlier life, and means nothing. */
export function ended(parts: Parts, id: ActionId, result: ActionResult, turn: Turn): void {
  const action = parts.actions.finish(id, turn);
  if (action === undefined) return;
  parts.deadlines.delete("act", id);
  const state = parts.states.get(action.resource);
  if (state === undefined) throw new Error(`action ${id} on ${action.resource}, which nobody cares for`);
  state.action = undefined;
  const detail = detailOf(action, result).slice(-attemptDetailCharactersMax);
  for (const { resource } of action.plan.joint ?? []) alsoChanged(parts, resource, action, result, turn);
  rememberAttempt(state, attemptOf(action, result, detail, turn));
  if (action.superseded === true) {
    goOn(parts, state, turn);
  } else if (result.type === "done") {
    settleRefresh(state, id, turn);
    if (action.reversal) reversed(parts, state, turn);
    else verify(parts, state, action, turn);
  } else {
    const isUnbegun = result.type === "failed" && result.begun === false;
    if (isUnbegun) noteUnbegun(parts, state, id, detail, turn);
    else if (action.canceled !== "stopping") noteFailure(parts, state, id, detail, turn);
    decide(parts, state, "stale", turn);
  }
}

/** Whatever changed with it is looked at as well, and counts as repaired when it is seen to hold. */
function alsoChanged(
  parts: Parts,
  resource: ResourceId,
  action: RunningAction,
  result: ActionResult,
  turn: Turn,
): void {
  const state = parts.states.get(resource);
  if (state === undefined || resource === action.resource || state.duty !== "keep") return;
  if (result.type === "done") verify(parts, state, action, turn);
  else look(parts, state, turn);
}

/** Ends the care for a withdrawn resource. */
export function forget(parts: Parts, state: ResourceState, turn: Turn): void {
  forgetRefresh(state, turn);
  unwatch(parts, state, turn);
  parts.states.delete(state.resource);
  parts.revision += 1;
  turn.tell("resource.withdrawn", "info", { resource: state.resource });
}

/** What a promise brought is gone: with the promise, or until its role comes back. */
function reversed(parts: Parts, state: ResourceState, turn: Turn): void {
  if (state.duty === "standBy") standBy(parts, state, turn);
  else forget(parts, state, turn);
}

/** Nothing is left to be undone: nobody looks until the role comes back. */
function standBy(parts: Parts, state: ResourceState, turn: Turn): void {
  state.plan = undefined;
  parts.releasing.delete(state.resource);
  unwatch(parts, state, turn);
  decide(parts, state, "stale", turn);
}

/** After an action whose purpose went away while it ran. */
function goOn(parts: Parts, state: ResourceState, turn: Turn): void {
  switch (state.duty) {
    case "leave":
      return;
    case "standBy":
      if (state.plan === undefined) standBy(parts, state, turn);
      else decide(parts, state, "stale", turn);
      return;
    case "reverse":
      if (state.plan === undefined) forget(parts, state, turn);
      else decide(parts, state, "stale", turn);
      return;
    case "keep":
      look(parts, state, turn);
      decide(parts, state, "stale", turn);
      return;
    default:
      throw new Error(`unknown duty ${state.duty satisfies never}`);
  }
}

/** A repair counts only when it is seen to hold. */
function verify(parts: Parts, state: ResourceState, action: RunningAction, turn: Turn): void {
  state.verification = { action: action.id, verb: action.plan.verb, looks: 0 };
  enter(parts, state, "verifying", `${action.plan.verb} is done; looks whether it holds`, turn);
  look(parts, state, turn);
}

function attemptOf(action: RunningAction, result: ActionResult, detail: string, turn: Turn): AttemptView {
  return {
    id: action.id,
    verb: action.plan.verb,
    startedMs: action.startedMs,
    wallMs: action.wallMs,
    tookMs: turn.now.monoMs - action.startedMs,
    result: result.type,
    detail,
  };
}

function detailOf(action: RunningAction, result: ActionResult): string {
  switch (result.type) {
    case "done":
      return result.detail;
    case "failed":
      return result.detail === "" ? result.code : `${result.code}: ${result.detail}`;
    case "canceled":
      return canceledBecause(action);
    default:
      throw new Error(`unknown result ${result satisfies never}`);
  }
}

function canceledBecause(action: RunningAction): string {
  switch (action.canceled) {
    case "deadline":
      return `canceled: took longer than ${formatDuration(action.plan.timeoutMs)}`;
    case "owner":
      return "canceled by the owner";
    case "superseded":
      return "canceled: the promise changed";
    case "stopping":
      return "canceled: the agent stops";
    case undefined:
      return "canceled by the body";
    default:
      throw new Error(`unknown reason ${action.canceled satisfies never}`);
  }
}
