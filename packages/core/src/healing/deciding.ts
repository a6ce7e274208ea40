import { type PromiseInForce, parseResourceId, type ResourceId } from "@antibody/policy";
import type { ResourcePhase } from "../contract/inspection.ts";
import type { Plan } from "../contract/resource.ts";
import type { Turn } from "../contract/turn.ts";
import { formatDuration } from "../resources/duration.ts";
import { lastLineOf } from "./failing.ts";
import { look } from "./looking.ts";
import { knownTypeOf, type Parts } from "./parts.ts";
import { enter } from "./phases.ts";
import { claimOf, type ResourceState } from "./state.ts";

/** Whether the observation that is decided on was made in this very step. */
export type Freshness = "fresh" | "stale";

/** What came of a decision: an action was started, a look was asked for first, or nothing can be done now. */
export type Decision = "acts" | "looks" | "rests";

interface Hold {
  readonly phase: ResourcePhase;
  readonly why: string;
  readonly looks?: true;
}

/**
 * Decides what happens to a resource now, from its state alone: it may be called at any time and any number of
 * times. What is drifted is repaired, unless something holds the repair back; then it says what.
 */
export function decide(parts: Parts, state: ResourceState, freshness: Freshness, turn: Turn): Decision {
  if (state.action !== undefined || state.verification !== undefined || state.duty === "leave")
    return "rests";
  parts.waiting.forget(state.resource);
  parts.actions.dequeue(state.resource);
  const rest = restOf(parts, state);
  if (rest !== undefined) {
    enter(parts, state, rest.phase, rest.why, turn);
    return "rests";
  }
  const { plan } = state;
  if (plan === undefined) throw new Error(`${state.resource} is due for a repair without a plan`);
  const hold = holdOf(parts, state, plan, freshness, turn);
  if (hold === undefined) {
    start(parts, state, plan, turn);
    return "acts";
  }
  enter(parts, state, hold.phase, hold.why, turn);
  return hold.looks === true ? "looks" : "rests";
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
      : (knownTypeOf(parts, state.resource).rest(state.observation) ?? { phase: "kept", why: "as promised" });
  }
  if (claim?.mode !== "enforce") {
    return { phase: "drifted", why: `${drift.summary}; the grant's mode is ${claim?.mode}, so it is left` };
  }
  if (state.plan === undefined) {
    return { phase: "drifted", why: `${drift.summary}; nothing on this device can repair it` };
  }
  return undefined;
}

/** What holds a repair back, in the order of what people need to know first; undefined when nothing does. */
function holdOf(
  parts: Parts,
  state: ResourceState,
  plan: Plan,
  freshness: Freshness,
  turn: Turn,
): Hold | undefined {
  const drift = state.drift?.summary ?? plan.summary;
  const pause = state.stepping ? undefined : parts.pauses.holding(state.resource);
  if (pause !== undefined) {
    return { phase: "paused", why: `${drift}; paused: ${pause.reason}` };
  }
  if (parts.stopping) return { phase: "drifted", why: `${drift}; the agent is stopping` };
  if (!state.stepping && state.retryMs !== undefined && state.retryMs > turn.now.monoMs) {
    return retryHold(state);
  }
  const dependency = state.duty === "keep" ? firstUnkept(parts, state) : undefined;
  if (dependency !== undefined) {
    parts.waiting.wait(state.resource, dependency);
    const missing = parts.states.has(dependency) ? "" : ", which nothing promises here";
    return { phase: "drifted", why: `${drift}; waits until ${dependency} is kept${missing}` };
  }
  if (!parts.actions.hasPlace) {
    parts.actions.enqueue(state.resource);
    return { phase: "drifted", why: `${drift}; waits until one of the running actions ends` };
  }
  if (state.duty === "keep" && !plan.idempotent && freshness === "stale") {
    look(parts, state, turn);
    const why = `${drift}; looks again before it runs what may not be run twice`;
    return { phase: "drifted", why, looks: true };
  }
  return undefined;
}

function retryHold(state: ResourceState): Hold {
  const last = state.attempts.at(-1);
  const detail = last === undefined ? "" : `: ${lastLineOf(last.detail)}`;
  const failures = `${state.failuresInRow} ${state.failuresInRow === 1 ? "failure" : "failures"} in a row`;
  if (state.handedOff) return { phase: "handedOff", why: `${failures}, needs a human${detail}` };
  if (state.contested) return { phase: "contested", why: contestedWhy(state) };
  return { phase: "backingOff", why: `${failures}${detail}` };
}

function contestedWhy(state: ResourceState): string {
  return `something else undid ${state.undoneMs.length} repairs; only looked at in turn`;
}

function firstUnkept(parts: Parts, state: ResourceState): ResourceId | undefined {
  const promise = claimOf(state).promise;
  const { after } = knownTypeOf(parts, state.resource).common(promise);
  return after.find((dependency) => parts.states.get(dependency)?.phase !== "kept");
}

function start(parts: Parts, state: ResourceState, plan: Plan, turn: Turn): void {
  const claim = claimOf(state);
  const withdrawn = state.duty === "keep" ? undefined : claim;
  state.stepping = false;
  state.retryMs = undefined;
  parts.deadlines.delete(`retry/${state.resource}`);
  const action = parts.actions.start(
    state.resource,
    claim.promise,
    withEpochs(parts, state, plan),
    withdrawn,
    turn,
  );
  state.action = action.id;
  parts.deadlines.set(`act/${action.id}`, action.deadlineMs);
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
