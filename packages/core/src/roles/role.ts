import type { AgentId, PromiseInForce, ResourceId } from "@antibody/policy";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import { formatDuration } from "../resources/parts/duration.ts";
import { type RoleObservation, readRolePromise, returnAfterMsOf } from "../resources/role.ts";
import type { Settings } from "../settings.ts";
import { byFavor, type Candidate, chosen, returning } from "./choosing.ts";

/** A role promised here, and what this agent last saw of it. Replaced, never changed. */
export interface RoleState {
  readonly claim: PromiseInForce;
  readonly name: string;
  readonly held: boolean;
  /** Since when this agent is a candidate. */
  readonly candidateSinceMs: MonotonicMs;
  /** Everyone who lives and takes part, this agent included unless it may not. */
  readonly candidates: readonly Candidate[];
  /** Since when they are as they are. */
  readonly unchangedSinceMs: MonotonicMs;
  /** Since when this agent holds it beyond the count; NEVER while it does not. */
  readonly excessSinceMs: MonotonicMs;
  /** When this agent asked for signs of life before it gives the role back; NEVER while it does not. */
  readonly askedMs: MonotonicMs;
  /** When it is to be weighed again at the latest. */
  readonly weighMs: MonotonicMs;
  /** What healing was told last; undefined before the first time. */
  readonly told: RoleObservation | undefined;
}

/** What the lease of a role says. */
export interface LeaseWord {
  /** By the lease of which epoch this agent may hold it now. */
  readonly epoch: number | undefined;
  /** Whom this agent's own vote binds it to, by name; undefined where that is itself, or nobody. */
  readonly votedFor: string | undefined;
}

/** How this agent stands when it weighs a role. */
export interface Standing {
  readonly agent: AgentId;
  readonly nowMs: MonotonicMs;
  /** From then on this agent trusts what it has heard of others: it neither has just begun nor slept. */
  readonly calmSinceMs: MonotonicMs;
  readonly settings: Pick<Settings, "roleSettleMs" | "roleYieldMs">;
  /** Why this agent may not take part; undefined when it may. */
  readonly barred: string | undefined;
  /** What went with the role is still there: it is neither held nor free. */
  readonly isReleasing: boolean;
  /** Of a role that is leased: nothing else decides who holds it. */
  readonly lease: LeaseWord | undefined;
  /** The others that live and take part. */
  readonly others: readonly Candidate[];
  /** The agent's own rank. */
  readonly rank: string;
}

/** A role that was just promised. */
export function newRole(claim: PromiseInForce, name: string, nowMs: MonotonicMs): RoleState {
  return {
    claim,
    name,
    held: false,
    candidateSinceMs: nowMs,
    candidates: [],
    unchangedSinceMs: nowMs,
    excessSinceMs: NEVER,
    askedMs: NEVER,
    weighMs: nowMs,
    told: undefined,
  };
}

/**
 * Whether this agent holds a role from now on. Taken up at once where a holder is missing and this agent is next;
 * yielded where too many have held it for a while; given back where a more favored candidate has long been there.
 */
export function weigh(before: RoleState, standing: Standing): RoleState {
  const { isReleasing } = standing;
  if (standing.barred !== undefined) {
    return noted({ ...before, held: false, excessSinceMs: NEVER, askedMs: NEVER }, standing, "barred");
  }
  const state = noted(before, standing, before.held || isReleasing);
  if (standing.lease !== undefined) {
    const held = standing.lease.epoch !== undefined && !isReleasing;
    return held === state.held ? state : noted({ ...state, held }, standing, held);
  }
  if (isReleasing) return state;
  return state.held ? weighHeld(state, standing) : weighFree(state, standing);
}

function weighFree(state: RoleState, standing: Standing): RoleState {
  const { agent, nowMs, settings } = standing;
  const { count } = readRolePromise(state.claim.promise);
  if (!chosen(count, state.candidates).includes(agent)) return state;
  const settledMs = Math.max(standing.calmSinceMs, state.candidateSinceMs) + settings.roleSettleMs;
  if (nowMs < settledMs) return { ...state, weighMs: settledMs };
  return noted({ ...state, held: true }, standing, true);
}

function weighHeld(state: RoleState, standing: Standing): RoleState {
  const { agent, nowMs, settings } = standing;
  const { count } = readRolePromise(state.claim.promise);
  if (!chosen(count, state.candidates).includes(agent)) {
    const excessSinceMs = Math.min(state.excessSinceMs, nowMs);
    const yieldMs = excessSinceMs + settings.roleYieldMs;
    const waiting = { ...state, excessSinceMs, askedMs: NEVER, weighMs: yieldMs };
    return nowMs < yieldMs ? waiting : yielded(waiting, standing);
  }
  const sole = { ...state, excessSinceMs: NEVER };
  if (returning(count, state.candidates) !== agent) return { ...sole, askedMs: NEVER };
  return weighReturn(sole, standing);
}

/** While it changes hands one holder is missing: none of the others may be about to be found dead. */
function weighReturn(state: RoleState, standing: Standing): RoleState {
  const { nowMs, settings } = standing;
  const stableMs =
    Math.max(state.unchangedSinceMs, standing.calmSinceMs) +
    returnAfterMsOf(readRolePromise(state.claim.promise));
  if (nowMs < stableMs) return { ...state, askedMs: NEVER, weighMs: stableMs };
  const askedMs = Math.min(state.askedMs, nowMs);
  const answeredMs = askedMs + settings.roleYieldMs;
  if (nowMs < answeredMs) return { ...state, askedMs, weighMs: answeredMs };
  const isSafe = state.candidates.every((each) => !each.holds || each.isSure);
  if (isSafe) return yielded(state, standing);
  return { ...state, askedMs: nowMs, weighMs: nowMs + settings.roleYieldMs };
}

/** It begins anew as a candidate: who is to have the role has time to take it. */
function yielded(state: RoleState, standing: Standing): RoleState {
  const free = { held: false, candidateSinceMs: standing.nowMs, excessSinceMs: NEVER, askedMs: NEVER };
  return noted({ ...state, ...free }, standing, false);
}

/** The state with the candidates that are seen, and since when they are these. `holds`: what this agent counts as. */
function noted(state: RoleState, standing: Standing, holds: boolean | "barred"): RoleState {
  const { agent, rank, others, nowMs } = standing;
  const own = holds === "barred" ? [] : [{ agent, holds, isSure: true, rank }];
  const candidates = byFavor([...others, ...own]);
  const isSame =
    candidates.length === state.candidates.length &&
    candidates.every((each, index) => {
      const other = state.candidates[index];
      return other?.agent === each.agent && other.holds === each.holds;
    });
  const unchangedSinceMs = isSame ? state.unchangedSinceMs : nowMs;
  return { ...state, candidates, unchangedSinceMs, weighMs: NEVER };
}

/** What healing shall learn of a role. */
export function observationOf(state: RoleState, standing: Standing): RoleObservation {
  const { barred, agent, settings } = standing;
  if (barred !== undefined) return { type: "withheld", because: barred };
  if (standing.lease !== undefined) return leasedObservation(state, standing.lease);
  const { count } = readRolePromise(state.claim.promise);
  const holders = state.candidates.filter(({ holds }) => holds).length;
  const held = `${holders} of ${count} hold it`;
  if (state.held) return { type: "held", because: `${held}, this device among them` };
  if (state.weighMs !== NEVER && chosen(count, state.candidates).includes(agent)) {
    const wait = formatDuration(settings.roleSettleMs);
    return { type: "standingBy", because: `${held}; this device is next, and first listens for ${wait}` };
  }
  const place = state.candidates.filter(({ holds }) => !holds).findIndex((each) => each.agent === agent) + 1;
  return { type: "standingBy", because: `${held}; this device is number ${place} of those that stand by` };
}

function leasedObservation({ held }: RoleState, { epoch, votedFor }: LeaseWord): RoleObservation {
  if (held) return { type: "held", because: `this device has the lease of epoch ${epoch}` };
  if (votedFor === undefined)
    return { type: "standingBy", because: "nobody has this device's vote; it asks for the others'" };
  return { type: "standingBy", because: `this device has voted for ${votedFor}` };
}

/** For views: who holds it, and who stands by, in order of favor. */
export function sidesOf({ candidates }: RoleState): {
  readonly holders: readonly AgentId[];
  readonly next: readonly AgentId[];
} {
  const agents = (holds: boolean): readonly AgentId[] =>
    candidates.filter((each) => each.holds === holds).map(({ agent }) => agent);
  return { holders: agents(true), next: agents(false) };
}

/** The resource of a role. */
export function resourceOf({ claim }: RoleState): ResourceId {
  return claim.resource;
}
