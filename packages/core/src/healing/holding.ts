import type { ResourceId } from "@antibody/policy";
import type { ResourcePhase } from "../contract/inspection.ts";
import type { CommonFields, Plan } from "../contract/resource.ts";
import type { MonotonicMs } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { formatDuration } from "../resources/parts/duration.ts";
import { lastLineOf } from "../resources/parts/output.ts";
import { look } from "./looking.ts";
import { knownTypeOf, type Parts } from "./parts.ts";
import { claimOf, contestedWhy, type ResourceState } from "./state.ts";
import { untilWindowMs } from "./window.ts";

/** Whether the observation that is decided on was made in this very step. */
export type Freshness = "fresh" | "stale";

/** Why nothing is done to a resource now. */
export interface Hold {
  readonly phase: ResourcePhase;
  readonly why: string;
  /** It is looked at first. */
  readonly looks?: true;
  /** It waits for its turn among the swarm's devices. */
  readonly asks?: true;
  /** Decided on again then. */
  readonly untilMs?: MonotonicMs;
}

/** Without a clock that is set, a window is asked for again so often. A guess: time comes with the network. */
const clockAgainMs = 60_000;

/** What holds a repair back, in the order of what people need to know first; undefined when nothing does. */
export function holdOf(
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
  const common = knownTypeOf(parts, state.resource).common(claimOf(state).promise);
  // A step is the owner's word, which counts more than the author's; and what is withdrawn goes without them.
  const held =
    state.duty !== "keep"
      ? undefined
      : (dependencyHold(parts, state, common, drift) ??
        (state.stepping ? undefined : authorsHold(parts, state, common, drift, turn)) ??
        budgetHold(parts, common, drift, turn));
  if (held !== undefined) return held;
  if (!parts.actions.hasPlace) {
    parts.actions.enqueue(state.resource, common.priority);
    return { phase: "drifted", why: `${drift}; waits until one of the running actions ends` };
  }
  const turnHold = state.duty === "keep" ? disturbingHold(parts, state, common, drift) : undefined;
  if (turnHold !== undefined) return turnHold;
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
  if (state.handedOff && state.contested)
    return { phase: "handedOff", why: `${contestedWhy(state)}; needs a human` };
  if (state.handedOff) return { phase: "handedOff", why: `${failures}, needs a human${detail}` };
  if (state.contested) return { phase: "contested", why: contestedWhy(state) };
  return { phase: "backingOff", why: `${failures}${detail}` };
}

/** Orders repairs; never blocks observation. */
function dependencyHold(
  parts: Parts,
  state: ResourceState,
  { after }: CommonFields,
  drift: string,
): Hold | undefined {
  const dependency = after.find((each) => parts.states.get(each)?.phase !== "kept");
  if (dependency === undefined) return undefined;
  parts.waiting.wait(state.resource, dependency);
  const missing = parts.states.has(dependency) ? "" : ", which nothing promises here";
  return { phase: "drifted", why: `${drift}; waits until ${dependency} is kept${missing}` };
}

/** What the promise itself says of when it may be repaired: hours, danger, and how often. */
function authorsHold(
  parts: Parts,
  state: ResourceState,
  { window, danger, limit }: CommonFields,
  drift: string,
  turn: Turn,
): Hold | undefined {
  const { monoMs, wallMs } = turn.now;
  const closedMs = window === undefined ? 0 : untilWindowMs(window, wallMs);
  if (closedMs === undefined) {
    const why = `${drift}; waits for its hours, and the clock of this device is not set`;
    return { phase: "drifted", why, untilMs: monoMs + clockAgainMs };
  }
  if (closedMs > 0) {
    const why = `${drift}; waits for its hours, which begin in ${formatDuration(closedMs)}`;
    return { phase: "drifted", why, untilMs: monoMs + closedMs };
  }
  if (danger.length > 0 && !danger.some((probe) => isBroken(parts, probe))) {
    parts.awaitingDanger = parts.awaitingDanger.with(state.resource);
    return {
      phase: "drifted",
      why: `${drift}; costly to repair, and no danger: ${dangerWords(parts, danger)}`,
    };
  }
  if (limit === undefined) return undefined;
  const recent = state.repairsMs.filter((atMs) => monoMs - atMs < limit.perMs);
  const oldest = recent.at(-limit.repairs);
  if (oldest === undefined) return undefined;
  const most = `${limit.repairs} ${limit.repairs === 1 ? "repair" : "repairs"} within ${formatDuration(limit.perMs)}`;
  return {
    phase: "drifted",
    why: `${drift}; its limit of ${most} is reached`,
    untilMs: oldest + limit.perMs,
  };
}

/** A difference alone is no danger: only a probe that was looked at, and found broken. */
function isBroken(parts: Parts, probe: ResourceId): boolean {
  const state = parts.states.get(probe);
  return state?.duty === "keep" && state.drift !== undefined;
}

function dangerWords(parts: Parts, danger: readonly ResourceId[]): string {
  return danger.map((probe) => `${probe} is ${parts.states.get(probe)?.phase ?? "not promised"}`).join(", ");
}

function budgetHold(parts: Parts, { budget }: CommonFields, drift: string, turn: Turn): Hold | undefined {
  const { monoMs } = turn.now;
  const waitMs = parts.budget.waitMs(budget, monoMs);
  if (waitMs === 0) return undefined;
  const { repairBudgetMax, repairBudgetPerHour } = parts.settings;
  if (!parts.budgetTold) {
    parts.budgetTold = true;
    const fields = { budget: repairBudgetMax, perHour: repairBudgetPerHour, next: "antibody status" };
    turn.tell("device.budgetSpent", "error", fields);
  }
  const why = `${drift}; the device's budget of ${repairBudgetMax} repairs is spent, ${repairBudgetPerHour} an hour come back`;
  return { phase: "drifted", why, untilMs: monoMs + waitMs };
}

/** A repair that disturbs a role waits for its turn, so that the swarm never loses too many of the role's devices. */
function disturbingHold(
  parts: Parts,
  state: ResourceState,
  { disturbs }: CommonFields,
  drift: string,
): Hold | undefined {
  if (disturbs.length === 0) return undefined;
  if (!parts.asking.has(state.resource)) {
    parts.asking = parts.asking.with(state.resource, disturbs);
    parts.revision += 1;
  }
  const role = disturbs.find((each) => !parts.turns.has(each));
  if (role === undefined) return undefined;
  const because = parts.turnsBecause.get(role) ?? "others are told first";
  return { phase: "drifted", why: `${drift}; waits for its turn to disturb ${role}: ${because}`, asks: true };
}

/** It needs no turn any more: the next device may have it. */
export function stopAsking(parts: Parts, { resource }: ResourceState): void {
  if (parts.asking.delete(resource)) parts.revision += 1;
}

/** Counts a repair that begins. */
export function noteRepair(parts: Parts, state: ResourceState, turn: Turn): void {
  if (state.duty !== "keep") return;
  const { limit, budget } = knownTypeOf(parts, state.resource).common(claimOf(state).promise);
  const { monoMs } = turn.now;
  if (limit !== undefined) state.repairsMs = [...state.repairsMs, monoMs].slice(-limit.repairs);
  parts.budget.take(budget, monoMs);
  // Said again when it is spent again.
  if (parts.budget.takenAt(monoMs) * 2 < parts.settings.repairBudgetMax) parts.budgetTold = false;
}
