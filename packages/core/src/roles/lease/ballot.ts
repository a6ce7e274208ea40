import type { AgentId } from "@antibody/policy";
import type { JournalRecord } from "../../contract/output.ts";
import { type MonotonicMs, NOT_YET } from "../../contract/time.ts";
import { recall } from "../../keeping/snapshot.ts";
import { bindingMs, type Terms } from "./terms.ts";

/** For whom a member has voted last. Persisted with `sync` before anybody hears of it: one vote an epoch, for good. */
export interface Ballot {
  readonly v: 1;
  /** The terms that it counts under. */
  readonly group: string;
  /** Rises with every new lease, never falls, and no two holders ever have the same: a fencing token. */
  readonly epoch: number;
  /** Absent before the first vote. */
  readonly candidate?: AgentId;
  /** How long it binds from when it was cast or renewed. */
  readonly boundMs: number;
}

/** A ballot, and until when it binds on this agent's clock. */
export interface Voter {
  readonly ballot: Ballot;
  readonly boundUntilMs: MonotonicMs;
}

/** What somebody asks to be given. */
export interface Ask {
  readonly candidate: AgentId;
  readonly epoch: number;
}

/** A voter that has never voted on this role. */
export function newVoter({ group }: Terms): Voter {
  return { ballot: { v: 1, group, epoch: 0, boundMs: 0 }, boundUntilMs: NOT_YET };
}

/** A voter after a start: it does not know how long ago it voted, so it is bound for the whole time again. */
export function restarted(ballot: Ballot, nowMs: MonotonicMs): Voter {
  return { ballot, boundUntilMs: nowMs + ballot.boundMs };
}

/**
 * The voter under other terms. It stays bound to whom it has voted for, for the longer of both times: as long as terms
 * change by one member at a time, any two majorities share a voter that remembers.
 */
export function underTerms(voter: Voter, terms: Terms, nowMs: MonotonicMs): Voter {
  const { ballot } = voter;
  if (ballot.group === terms.group) return voter;
  if (ballot.candidate === undefined) return newVoter(terms);
  const boundMs = Math.max(ballot.boundMs, bindingMs(terms));
  return { ballot: { ...ballot, group: terms.group, boundMs }, boundUntilMs: nowMs + boundMs };
}

/** How far an epoch may jump at once: a member that asks for the largest number would end the role for good. A guess. */
const epochJumpMax = 1_000_000;

/** Whether the voter gives its vote, and what it is afterwards. Who was given it may have it renewed at any time. */
export function castVote(
  voter: Voter,
  ask: Ask,
  terms: Terms,
  nowMs: MonotonicMs,
): { readonly voter: Voter; readonly granted: boolean } {
  const { ballot, boundUntilMs } = voter;
  const isRenewal = ask.epoch === ballot.epoch && ask.candidate === ballot.candidate;
  const isFree = ballot.candidate === ask.candidate || nowMs >= boundUntilMs;
  const isNext = ask.epoch > ballot.epoch && ask.epoch <= ballot.epoch + epochJumpMax;
  if (!isRenewal && !(isNext && isFree)) return { voter, granted: false };
  const boundMs = bindingMs(terms);
  const next: Ballot = { v: 1, group: terms.group, ...ask, boundMs };
  const isSame = isRenewal && ballot.boundMs === boundMs;
  return { voter: { ballot: isSame ? ballot : next, boundUntilMs: nowMs + boundMs }, granted: true };
}

/** The holder says that its lease is over: nobody waits for its end. Only it can say so. */
export function released(voter: Voter, by: Ask, nowMs: MonotonicMs): Voter {
  const { ballot } = voter;
  if (ballot.candidate !== by.candidate || ballot.epoch !== by.epoch) return voter;
  return { ballot, boundUntilMs: nowMs };
}

/** Where the ballot of a role is kept. */
export function ballotKey(role: string): string {
  return `lease/${role}`;
}

/** Ballots as the journal remembers them, by role. */
export function ballotsIn(records: readonly JournalRecord[]): ReadonlyMap<string, Ballot> {
  const prefix = ballotKey("");
  const kept = records.filter(({ key, value }) => key.startsWith(prefix) && value !== null);
  return new Map(kept.map(({ key, value }) => [key.slice(prefix.length), recall<Ballot>(value)]));
}
