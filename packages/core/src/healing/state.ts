import type { PromiseInForce, ResourceId } from "@antibody/policy";
import type { AttemptView, ResourcePhase } from "../contract/inspection.ts";
import type { ActionId } from "../contract/output.ts";
import type { Drift, Observation, ObservationFailure, Plan } from "../contract/resource.ts";
import type { MonotonicMs } from "../contract/time.ts";
import type { Fare } from "./outpacing.ts";

/**
 * What the agent owes a resource.
 * - `keep`: its promise is in force. - `leave`: it is held: neither enforced nor undone.
 * - `standBy`: its promise is in force only with a role that is not held here: what it brought is undone, once.
 * - `reverse`: its promise was withdrawn, and what it brought is to be undone.
 */
export type Duty = "keep" | "standBy" | "leave" | "reverse";

/** A repair that is done and not yet seen to hold. */
export interface Verification {
  readonly action: ActionId;
  readonly verb: string;
  /** Looks that still found drift. The first may have been under way when the repair ended. */
  readonly looks: number;
}

/** All that is known of one resource. Plain data with values that never change, so that a dump is a copy. */
export interface ResourceState {
  readonly resource: ResourceId;
  duty: Duty;
  /** What is in force, or was last. Undefined when the resource was never anything but held here. */
  claim: PromiseInForce | undefined;
  /** Whether its promise is being looked after, by the body's watch or by the mind itself. */
  watched: boolean;
  /** Whether the body's watch wakes by events. */
  events: boolean;
  phase: ResourcePhase;
  sinceMs: MonotonicMs;
  why: string;
  observation: Observation | undefined;
  failure: ObservationFailure | undefined;
  drift: Drift | undefined;
  plan: Plan | undefined;
  driftSinceMs: MonotonicMs | undefined;
  keptSinceMs: MonotonicMs | undefined;
  action: ActionId | undefined;
  verification: Verification | undefined;
  attempts: readonly AttemptView[];
  /** Repairs that were seen to hold. */
  repairs: number;
  /** Failures that are not forgotten: they lengthen the backoff. */
  failures: number;
  /** Failures since the resource was last kept: they lead to a handoff. */
  failuresInRow: number;
  /** No repair before this time. */
  retryMs: MonotonicMs | undefined;
  handedOff: boolean;
  contested: boolean;
  /** When repairs were found undone, within the window. */
  undoneMs: readonly MonotonicMs[];
  /** When a repair was last seen to hold. */
  repairedMs: MonotonicMs | undefined;
  /** That repair was already counted as undone. */
  undoneCounted: boolean;
  /** Who was found on the other side of a contest, in words. */
  rival: string | undefined;
  /** When repairs began, as many as a limit counts. */
  repairsMs: readonly MonotonicMs[];
  /** How repair fares against damage. */
  fare: Fare | undefined;
  /** It is to be begun anew, since something that it reads was repaired; `during` may have begun before that. */
  refresh: { readonly by: ResourceId; readonly during: ActionId | undefined } | undefined;
  /** Set while one action may pass a pause. */
  stepping: boolean;
  /** What happened before the agent was started, for `why`. */
  note: string;
}

/** What is learned of a resource under one promise. */
type Learned = Pick<
  ResourceState,
  | "observation"
  | "failure"
  | "drift"
  | "plan"
  | "driftSinceMs"
  | "keptSinceMs"
  | "verification"
  | "failures"
  | "failuresInRow"
  | "retryMs"
  | "handedOff"
  | "contested"
  | "undoneMs"
  | "repairedMs"
  | "undoneCounted"
  | "rival"
  | "repairsMs"
  | "fare"
  | "stepping"
>;

const nothingLearned: Learned = {
  observation: undefined,
  failure: undefined,
  drift: undefined,
  plan: undefined,
  driftSinceMs: undefined,
  keptSinceMs: undefined,
  verification: undefined,
  failures: 0,
  failuresInRow: 0,
  retryMs: undefined,
  handedOff: false,
  contested: false,
  undoneMs: [],
  repairedMs: undefined,
  undoneCounted: false,
  rival: undefined,
  repairsMs: [],
  fare: undefined,
  stepping: false,
};

/** The state of a resource of which nothing is known yet. */
export function newState(resource: ResourceId, duty: Duty, nowMs: MonotonicMs): ResourceState {
  return {
    ...nothingLearned,
    resource,
    duty,
    claim: undefined,
    watched: false,
    events: false,
    phase: duty === "leave" ? "held" : "unknown",
    sinceMs: nowMs,
    why: "not looked at yet",
    action: undefined,
    attempts: [],
    repairs: 0,
    refresh: undefined,
    note: "",
  };
}

/** Forgets what was learned under a promise that changed: it says nothing of the new one. The history stays. */
export function forgetLearned(state: ResourceState): void {
  Object.assign(state, nothingLearned);
}

/** The claim behind a resource that is cared for. */
export function claimOf(state: ResourceState): PromiseInForce {
  if (state.claim === undefined) throw new Error(`${state.resource} is cared for without a promise`);
  return state.claim;
}

/** Why a contested resource is left alone for a while, and who is on the other side. */
export function contestedWhy({ undoneMs, rival, drift }: ResourceState): string {
  if (rival !== undefined) return `${rival} undid ${undoneMs.length} repairs; only looked at in turn`;
  // What does not last may have no other hand in it, such as a program that ends by itself.
  const what = drift === undefined ? "" : `: ${drift.summary}`;
  return `${undoneMs.length} repairs did not last, and nobody was seen to undo them${what}; only looked at in turn`;
}
