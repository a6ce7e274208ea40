import type { AgentId } from "@antibody/policy";
import { type MonotonicMs, NEVER } from "../../contract/time.ts";
import type { Random } from "../../random.ts";
import type { Settings } from "../../settings.ts";
import { castVote, released, type Voter } from "./ballot.ts";
import { type Bid, type Held, leaseOf, stopMsOf, withGrant } from "./bid.ts";
import { renewAfterMs, type Terms } from "./terms.ts";

/** One leased role as one of its members sees it. Replaced, never changed. */
export interface Lease {
  readonly terms: Terms;
  readonly voter: Voter;
  /** The last round of asking. */
  readonly bid?: Bid;
  /** This agent's own lease, until its end. */
  readonly held?: Held;
  /** The highest epoch that anybody has answered with. */
  readonly seenEpoch: number;
  /** When this agent asks for votes, again or for the first time; NEVER while it may not hold the role. */
  readonly askMs: MonotonicMs;
}

/** Who acts, and when. */
export interface Actor {
  readonly agent: AgentId;
  readonly nowMs: MonotonicMs;
  readonly random: Random;
  readonly settings: Pick<Settings, "leaseStaggerMs" | "leaseAnswerMs">;
}

/** A role under terms that have come into force. */
export function newLease(terms: Terms, voter: Voter): Lease {
  return { terms, voter, seenEpoch: voter.ballot.epoch, askMs: NEVER };
}

/** When a lease wants to be looked at again though nothing was said. */
export function deadlineOf({ held, terms, askMs }: Lease): MonotonicMs {
  if (held === undefined) return askMs;
  return Math.min(askMs, held.runs ? stopMsOf(held, terms) : held.untilMs);
}

/** The epoch by which what goes with the role may run here now. */
export function runningEpoch({ held, terms }: Lease, nowMs: MonotonicMs): number | undefined {
  return held !== undefined && nowMs < stopMsOf(held, terms) ? held.epoch : undefined;
}

/** The lease without what has ended by now. Who lost it waits its turn like everyone. */
export function expired(lease: Lease, actor: Actor): Lease {
  const { held, bid: _bid, ...rest } = lease;
  if (held === undefined || actor.nowMs < stopMsOf(held, lease.terms)) return lease;
  if (actor.nowMs >= held.untilMs) return { ...rest, askMs: turnOf(lease, actor) };
  return held.runs ? { ...lease, held: { ...held, runs: false } } : lease;
}

/** The agent may hold the role from now on, or may not: it begins to ask, or asks no more. */
export function enabled(lease: Lease, isFree: boolean, actor: Actor): Lease {
  if (isFree) return lease.askMs === NEVER ? { ...lease, askMs: turnOf(lease, actor) } : lease;
  return lease.held === undefined && lease.askMs !== NEVER ? { ...lease, askMs: NEVER } : lease;
}

/**
 * A round of asking for votes: for the lease that is held, again; else for the next epoch. The own vote comes first;
 * where another member has it, nobody is asked before it is free. The new bid stands in the result where everyone else
 * is to be asked.
 */
export function asked(lease: Lease, round: number, actor: Actor): Lease {
  const { terms, held, voter, seenEpoch } = lease;
  const epoch = held?.epoch ?? Math.max(seenEpoch, voter.ballot.epoch) + 1;
  const own = castVote(voter, { candidate: actor.agent, epoch }, terms, actor.nowMs);
  if (!own.granted) return { ...lease, askMs: turnOf(lease, actor) };
  const bid: Bid = { epoch, round, sentMs: actor.nowMs, granted: [actor.agent] };
  return won({ ...lease, voter: own.voter, bid, askMs: actor.nowMs + actor.settings.leaseAnswerMs });
}

/**
 * The lease after a round that brought no majority: what was asked for is given up for good, the own vote with it, or
 * two that ask at once would stay bound to themselves. The longer wait, at random, lets one of them go first.
 */
export function givenUp(lease: Lease, actor: Actor): Lease {
  const { bid, ...rest } = lease;
  if (bid === undefined) return lease;
  const { length } = lease.terms.members;
  const voter = released(lease.voter, { candidate: actor.agent, epoch: bid.epoch }, actor.nowMs);
  const next = { ...rest, voter };
  return { ...next, askMs: turnOf(next, actor) + actor.random.below(actor.settings.leaseAnswerMs * length) };
}

/** Another member asks for this agent's vote. */
export function answered(
  lease: Lease,
  from: AgentId,
  epoch: number,
  actor: Actor,
): { readonly lease: Lease; readonly granted: boolean } {
  const { voter, granted } = castVote(lease.voter, { candidate: from, epoch }, lease.terms, actor.nowMs);
  const seenEpoch = Math.max(lease.seenEpoch, voter.ballot.epoch);
  if (!granted) return { lease, granted };
  const next = { ...lease, voter, seenEpoch };
  return { lease: lease.askMs === NEVER ? next : { ...next, askMs: turnOf(next, actor) }, granted };
}

/** A member has answered this agent. */
export function heard(
  lease: Lease,
  from: AgentId,
  answer: { readonly epoch: number; readonly round: number; readonly granted: boolean },
): Lease {
  if (!answer.granted) return { ...lease, seenEpoch: Math.max(lease.seenEpoch, answer.epoch) };
  if (lease.bid === undefined) return lease;
  return won({ ...lease, bid: withGrant(lease.bid, from, answer, lease.terms) });
}

/** The holder has given its lease back. */
export function givenBack(lease: Lease, by: AgentId, epoch: number, actor: Actor): Lease {
  const voter = released(lease.voter, { candidate: by, epoch }, actor.nowMs);
  if (voter === lease.voter) return lease;
  const next = { ...lease, voter };
  return lease.askMs === NEVER ? next : { ...next, askMs: turnOf(next, actor) };
}

function won(lease: Lease): Lease {
  const { bid, terms, held } = lease;
  const lead = bid === undefined ? undefined : leaseOf(bid, terms);
  if (bid === undefined || lead === undefined || (held !== undefined && held.untilMs >= lead.untilMs))
    return lease;
  return { ...lease, held: lead, askMs: bid.sentMs + renewAfterMs(terms) };
}

/** When this agent may try: after whoever its vote binds it to, and after those that the role favors more. */
function turnOf({ terms, voter }: Lease, { agent, nowMs, random, settings }: Actor): MonotonicMs {
  const isBound = voter.ballot.candidate !== agent;
  const fromMs = isBound ? Math.max(nowMs, voter.boundUntilMs) : nowMs;
  const place = Math.max(0, terms.members.indexOf(agent));
  return fromMs + place * settings.leaseStaggerMs + random.below(settings.leaseStaggerMs);
}
