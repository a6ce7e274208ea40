import { type PromiseInForce, parseResourceId, type ResourceId, type View } from "@antibody/policy";
import type { Turn } from "../contract/turn.ts";
import { sameJson } from "../keeping/json.ts";
import { promisesMax } from "../limits.ts";
import { findConflicts } from "../resources/conflicts.ts";
import { forgetIntents, type InterruptedIntent } from "./actions.ts";
import { decide, missingRole } from "./deciding.ts";
import { findCircles } from "./dependencies.ts";
import { forget } from "./ending.ts";
import { rememberAttempt } from "./failing.ts";
import { look, scheduleLook, unwatch, watch } from "./looking.ts";
import { type HeldRoles, knownTypeOf, type Parts, typeOf } from "./parts.ts";
import { enter } from "./phases.ts";
import { claimOf, forgetLearned, newState, type ResourceState } from "./state.ts";

/** Takes up a new desired state: what changed is watched, left alone, or undone; the rest goes on as it was. */
export function desire(parts: Parts, view: View, turn: Turn): void {
  const wellFormed = new Map<ResourceId, PromiseInForce>();
  const wrong = new Map<ResourceId, string>();
  for (const [resource, claim] of view.promises) {
    const problem = problemOf(parts, claim);
    if (problem === undefined) wellFormed.set(resource, claim);
    else wrong.set(resource, problem);
  }
  for (const [resource, circle] of findCircles(dependenciesOf(parts, wellFormed))) {
    wellFormed.delete(resource);
    wrong.set(resource, `waits for itself: ${circle.join(" → ")}`);
  }
  // Two owners of one thing would undo each other for ever: the lower rank is left alone, of equal ones both.
  const claimants = [...wellFormed].map(([resource, { promise, rank }]) => ({ resource, promise, rank }));
  for (const [resource, why] of findConflicts(claimants)) {
    wellFormed.delete(resource);
    wrong.set(resource, why);
  }
  for (const [resource, why] of disputesOf(view)) wrong.set(resource, why);

  const cared = [...parts.states.entries()].map(([, { resource }]) => resource);
  for (const resource of cared) {
    if (!wellFormed.has(resource) && !wrong.has(resource)) withdraw(parts, resource, turn);
  }
  for (const [resource, why] of wrong) leave(parts, resource, why, turn);
  parts.beyondBound = 0;
  for (const [resource, claim] of wellFormed) adopt(parts, resource, claim, turn);
  if (parts.beyondBound > 0) {
    turn.tell("policy.held", "error", {
      reason: "tooManyPromises",
      count: parts.beyondBound,
      bound: promisesMax,
    });
  }
  reverseInterrupted(parts, turn);
}

/** Why a promise cannot be kept by this build, or undefined. Its author should have seen it in `lint`. */
function problemOf(parts: Parts, claim: PromiseInForce): string | undefined {
  // What was taken once is well formed.
  if (parts.states.get(claim.resource)?.claim?.promise === claim.promise) return undefined;
  const type = typeOf(parts, claim.resource);
  if (type === undefined) return "this build does not know the resource type";
  const [problem] = type.check(parseResourceId(claim.resource)?.name ?? "", claim.promise);
  if (problem === undefined) return undefined;
  return `the promise is malformed${problem.path.map((step) => `.${step}`).join("")}: ${problem.message}`;
}

function dependenciesOf(
  parts: Parts,
  claims: ReadonlyMap<ResourceId, PromiseInForce>,
): ReadonlyMap<ResourceId, readonly ResourceId[]> {
  const dependencies = new Map<ResourceId, readonly ResourceId[]>();
  for (const [resource, { promise }] of claims) {
    const { after } = typeOf(parts, resource)?.common(promise) ?? { after: [] };
    if (after.length > 0) dependencies.set(resource, after);
  }
  return dependencies;
}

/** Why each resource in dispute is held, in the words of its claims. */
function disputesOf(view: View): ReadonlyMap<ResourceId, string> {
  const details = new Map<ResourceId, Set<string>>([...view.frozen].map((resource) => [resource, new Set()]));
  for (const { resource, detail } of view.held) details.get(resource)?.add(detail);
  return new Map(
    [...details].map(([resource, why]) => [resource, why.size === 0 ? "in dispute" : [...why].join("; ")]),
  );
}

/** The promise is in force: as before, changed, or new. */
function adopt(parts: Parts, resource: ResourceId, claim: PromiseInForce, turn: Turn): void {
  const known = parts.states.get(resource);
  if (known === undefined && parts.states.size >= promisesMax) {
    parts.beyondBound += 1;
    return;
  }
  const before = known?.claim;
  const duty = missingRole(parts, resource, claim) === undefined ? "keep" : "standBy";
  if (known?.duty === duty && before !== undefined && sameJson(before.promise, claim.promise)) {
    // The same words keep their object, so that what was read of them once need not be read again.
    known.claim = { ...claim, promise: before.promise };
    if (before.mode !== claim.mode) decide(parts, known, "stale", turn);
    return;
  }
  parts.releasing.delete(resource);
  const state = known ?? newState(resource, duty, turn.now.monoMs);
  if (known === undefined) parts.states.set(resource, state);
  state.duty = duty;
  state.claim = claim;
  supersede(parts, state, turn);
  noteInterruption(parts, state, turn);
  takeUpRefresh(parts, state);
  if (duty === "standBy") standBy(parts, state, turn);
  else keep(parts, state, turn);
}

/** What the last run of the agent had still to begin anew. */
function takeUpRefresh(parts: Parts, state: ResourceState): void {
  const by = parts.refreshes.get(state.resource);
  if (by === undefined) return;
  parts.refreshes.delete(state.resource);
  state.refresh = { by, during: undefined };
}

/** What a promise brought is undone, once, where the type knows how: an earlier life may have left it as well. */
function standBy(parts: Parts, state: ResourceState, turn: Turn): void {
  const { promise, mode } = claimOf(state);
  state.plan = mode === "enforce" ? knownTypeOf(parts, state.resource).reverse(promise) : undefined;
  parts.deadlines.delete("look", state.resource);
  if (state.plan === undefined) unwatch(parts, state, turn);
  else parts.releasing = parts.releasing.with(state.resource);
  if (state.action === undefined) decide(parts, state, "stale", turn);
  else enter(parts, state, "drifted", "its role went to others; what runs is canceled first", turn);
}

function keep(parts: Parts, state: ResourceState, turn: Turn): void {
  watch(parts, state, turn);
  look(parts, state, turn);
  scheduleLook(parts, state, "first", turn);
  decide(parts, state, "stale", turn);
  if (state.action !== undefined)
    enter(parts, state, "unknown", "the promise changed; what runs is canceled", turn);
}

/** Other roles are held here. What has to do with them changes its duty; the rest goes on. */
export function hold(parts: Parts, roles: HeldRoles, turn: Turn): void {
  parts.heldRoles = roles;
  const cared = [...parts.states.entries()].map(([, { resource, duty, claim }]) => ({
    resource,
    duty,
    claim,
  }));
  for (const { resource, duty, claim } of cared) {
    if (claim !== undefined && (duty === "keep" || duty === "standBy")) adopt(parts, resource, claim, turn);
  }
}

/** Whether something that went with a role is not undone yet. */
export function isReleasing(parts: Parts, role: ResourceId): boolean {
  for (const resource of parts.releasing) {
    const state = parts.states.get(resource);
    const promise = state === undefined ? undefined : claimOf(state).promise;
    if (promise !== undefined && knownTypeOf(parts, resource).common(promise).while.includes(role))
      return true;
  }
  return false;
}

/** The resource is held: whatever is there stays, and is not looked at any more. */
function leave(parts: Parts, resource: ResourceId, why: string, turn: Turn): void {
  const known = parts.states.get(resource);
  if (known === undefined && parts.states.size >= promisesMax) {
    parts.beyondBound += 1;
    return;
  }
  const state = known ?? newState(resource, "leave", turn.now.monoMs);
  if (known === undefined) {
    parts.states.set(resource, state);
    parts.revision += 1;
  } else if (state.duty !== "leave") {
    state.duty = "leave";
    parts.releasing.delete(resource);
    supersede(parts, state, turn);
    unwatch(parts, state, turn);
  }
  enter(parts, state, "held", why, turn);
}

/** The promise is gone: what it brought is undone where the type knows how, else it stays. */
function withdraw(parts: Parts, resource: ResourceId, turn: Turn): void {
  const state = parts.states.get(resource);
  if (state === undefined || state.duty === "reverse") return;
  const { claim } = state;
  parts.releasing.delete(resource);
  supersede(parts, state, turn);
  state.duty = "reverse";
  state.plan = claim?.mode === "enforce" ? typeOf(parts, resource)?.reverse(claim.promise) : undefined;
  parts.deadlines.delete("look", resource);
  if (state.action !== undefined) {
    enter(parts, state, "drifted", "withdrawn; what runs is canceled first", turn);
  } else if (state.plan === undefined) forget(parts, state, turn);
  else decide(parts, state, "stale", turn);
}

/** What runs, and what was learned, was for another promise. */
function supersede(parts: Parts, state: ResourceState, turn: Turn): void {
  if (state.action !== undefined) parts.actions.supersede(state.action, turn);
  parts.deadlines.delete("retry", state.resource);
  forgetLearned(state);
}

/**
 * An intent that the journal still held says that its action may have happened, in part or wholly. Nothing is
 * redone for that: the resource is looked at first, as always; people are told.
 */
function noteInterruption(parts: Parts, state: ResourceState, turn: Turn): void {
  const intents = parts.actions.takeInterrupted(({ resource }) => resource === state.resource);
  if (intents.length === 0) return;
  for (const intent of intents) rememberAttempt(state, interruptedAttempt(intent, turn));
  const verbs = intents.map(({ action, verb }) => `${verb} ${action}`).join(", ");
  state.note = `${verbs} was interrupted by a restart, so it was looked at first`;
  forgetIntents(
    intents.map(({ action }) => action),
    turn,
  );
}

function interruptedAttempt({ action, verb, wallMs }: InterruptedIntent, turn: Turn) {
  return {
    id: action,
    verb,
    startedMs: turn.now.monoMs,
    wallMs,
    tookMs: 0,
    result: "unverified",
    detail: "the agent ended before the outcome was known",
  } as const;
}

/** Reversals that a restart interrupted are done again: nothing else remembers what was withdrawn. */
function reverseInterrupted(parts: Parts, turn: Turn): void {
  const left = parts.actions.takeInterrupted(() => true);
  for (const { resource, withdrawn } of left) {
    if (withdrawn === undefined || parts.states.has(resource) || problemOf(parts, withdrawn) !== undefined)
      continue;
    const state = newState(resource, "reverse", turn.now.monoMs);
    state.claim = withdrawn;
    state.plan = typeOf(parts, resource)?.reverse(withdrawn.promise);
    if (state.plan === undefined) continue;
    state.note = "interrupted by a restart";
    parts.states.set(resource, state);
    parts.revision += 1;
    decide(parts, state, "stale", turn);
  }
  forgetIntents(
    left.map(({ action }) => action),
    turn,
  );
}
