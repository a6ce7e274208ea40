import { type PromiseInForce, parseResourceId, type ResourceId } from "@antibody/policy";
import { joinBarrier, tellLeader } from "../barrier/joining.ts";
import type { Plan } from "../contract/resource.ts";
import type { Turn } from "../contract/turn.ts";
import { formatDuration } from "../resources/parts/duration.ts";
import { outpacedWhy } from "./faring.ts";
import { type Freshness, type Hold, holdOf, noteRepair, stopAsking } from "./holding.ts";
import { knownTypeOf, type Parts } from "./parts.ts";
import { enter } from "./phases.ts";
import { refreshPlan } from "./refreshing.ts";
import { claimOf, contestedWhy, type ResourceState } from "./state.ts";

/** What came of a decision: an action was started, a look was asked for first, or nothing can be done now. */
export type Decision = "acts" | "looks" | "rests";

/**
 * Decides what happens to a resource now, from its state alone: it may be called at any time and any number of
 * times. What is drifted is repaired, unless something holds the repair back; then it says what.
 */
export function decide(parts: Parts, state: ResourceState, freshness: Freshness, turn: Turn): Decision {
  if (state.action !== undefined || state.verification !== undefined || state.duty === "leave")
    return "rests";
  letGo(parts, state);
  const rest = restOf(parts, state);
  const plan = rest === undefined ? state.plan : refreshPlan(parts, state, rest, turn);
  if (rest !== undefined && plan === undefined) {
    tellLeader(parts, state);
    stopAsking(parts, state);
    enter(parts, state, rest.phase, rest.why, turn);
    return "rests";
  }
  if (plan === undefined) throw new Error(`${state.resource} is due for a repair without a plan`);
  const joined = joinBarrier(parts, state, plan);
  const hold = joined?.type === "held" ? joined.hold : holdOf(parts, state, plan, freshness, turn);
  if (hold === undefined) {
    start(parts, state, joined?.type === "joint" ? joined.plan : plan, turn);
    return "acts";
  }
  if (hold.looks !== true && hold.asks !== true) stopAsking(parts, state);
  if (hold.untilMs !== undefined) parts.deadlines.set("hold", state.resource, hold.untilMs);
  enter(parts, state, hold.phase, hold.why, turn);
  return hold.looks === true ? "looks" : "rests";
}

/** What it waited for is asked anew. */
function letGo(parts: Parts, { resource }: ResourceState): void {
  parts.waiting.forget(resource);
  parts.actions.dequeue(resource);
  parts.deadlines.delete("hold", resource);
  parts.awaitingDanger.delete(resource);
}

/** Decides on everything that became ready in this step: released by a dependency, or by a free place. */
export function decideReady(parts: Parts, turn: Turn): void {
  for (;;) {
    const [released] = parts.reconsider;
    if (released !== undefined) parts.reconsider.delete(released);
    const resource = released ?? (parts.actions.hasPlace ? parts.actions.takeQueued() : undefined);
    if (resource === undefined) return;
    const state = parts.states.get(resource);
    if (state !== undefined) decide(parts, state, "stale", turn);
  }
}

/** The phase of a resource of which nothing is to be changed; undefined when something is. */
function restOf(parts: Parts, state: ResourceState): Hold | undefined {
  if (state.duty === "keep") return keptRestOf(parts, state);
  if (state.duty !== "standBy" || state.plan !== undefined) return undefined;
  const role = missingRole(parts, state.resource, claimOf(state));
  const missing = role === undefined || parts.states.has(role) ? "" : ", which nothing promises";
  return { phase: "standingBy", why: `in force only while ${role} is held here${missing}` };
}

/** The first of the roles with which a promise is in force that is not held here. */
export function missingRole(
  parts: Parts,
  resource: ResourceId,
  { promise }: PromiseInForce,
): ResourceId | undefined {
  return knownTypeOf(parts, resource)
    .common(promise)
    .while.find((role) => !parts.heldRoles.has(role));
}

/** The phase of a resource that needs no repair, or whose drift is not for the agent to remove. */
function keptRestOf(parts: Parts, state: ResourceState): Hold | undefined {
  const { claim, drift, failure } = state;
  if (failure !== undefined) {
    return { phase: "unobservable", why: `cannot be looked at: ${failure.code} ${failure.message}` };
  }
  if (state.observation === undefined) return { phase: "unknown", why: "waits for the first look" };
  if (drift === undefined) {
    return state.contested
      ? { phase: "contested", why: contestedWhy(state) }
      : (knownTypeOf(parts, state.resource).rest(state.observation) ?? {
          phase: "kept",
          why: outpacedWhy(state) ?? "as promised",
        });
  }
  if (claim?.mode !== "enforce") {
    return { phase: "drifted", why: `${drift.summary}; the grant's mode is ${claim?.mode}, so it is left` };
  }
  if (state.plan === undefined) {
    return { phase: "drifted", why: `${drift.summary}; nothing on this device can repair it` };
  }
  return undefined;
}

function start(parts: Parts, state: ResourceState, plan: Plan, turn: Turn): void {
  const claim = claimOf(state);
  const withdrawn = state.duty === "keep" ? undefined : claim;
  state.stepping = false;
  state.retryMs = undefined;
  noteRepair(parts, state, turn);
  parts.deadlines.delete("retry", state.resource);
  const action = parts.actions.start(
    state.resource,
    claim.promise,
    withEpochs(parts, state, plan),
    withdrawn,
    turn,
  );
  state.action = action.id;
  parts.deadlines.set("act", action.id, action.deadlineMs);
  enter(parts, state, "repairing", plan.summary, turn);
  turn.tell("resource.repairing", "info", {
    resource: state.resource,
    action: action.id,
    verb: plan.verb,
    within: formatDuration(plan.timeoutMs),
  });
}

/** The plan, with the fencing tokens of the leases by which the promise is in force. */
function withEpochs(parts: Parts, state: ResourceState, plan: Plan): Plan {
  const roles = knownTypeOf(parts, state.resource).common(claimOf(state).promise).while;
  const epochs = roles.flatMap((role): [string, number][] => {
    const epoch = parts.heldRoles.get(role);
    return epoch === undefined ? [] : [[parseResourceId(role)?.name ?? "", epoch]];
  });
  return epochs.length === 0 ? plan : { ...plan, epochs: Object.fromEntries(epochs) };
}
