import type { AgentId } from "@antibody/policy";
import type { MonotonicMs } from "../../contract/time.ts";
import { stopBeforeMs, type Terms, votesNeeded } from "./terms.ts";

/** A round of asking everyone for a vote. */
export interface Bid {
  readonly epoch: number;
  /** Rises with every round, so that a late answer counts in none but its own. */
  readonly round: number;
  /** When it was asked: a lease counts from then, since no vote can be older. */
  readonly sentMs: MonotonicMs;
  /** Who has granted it, this agent first. */
  readonly granted: readonly AgentId[];
}

/** A lease of this agent's own. */
export interface Held {
  readonly epoch: number;
  readonly untilMs: MonotonicMs;
  /** What goes with the role may run: false from when too little time is left to stop it. */
  readonly runs: boolean;
}

/** The bid with one more grant; a grant of another round, or of somebody who has no vote, adds nothing. */
export function withGrant(
  bid: Bid,
  from: AgentId,
  answer: { readonly epoch: number; readonly round: number },
  terms: Terms,
): Bid {
  const counts = answer.epoch === bid.epoch && answer.round === bid.round && terms.members.includes(from);
  if (!counts || bid.granted.includes(from)) return bid;
  return { ...bid, granted: [...bid.granted, from] };
}

/** The lease that a bid makes; undefined while a majority has not granted it. */
export function leaseOf(bid: Bid, terms: Terms): Held | undefined {
  if (bid.granted.length < votesNeeded(terms)) return undefined;
  return { epoch: bid.epoch, untilMs: bid.sentMs + terms.leaseMs, runs: true };
}

/** When a holder gives up: there is time left to stop what goes with the role before the lease ends. */
export function stopMsOf({ untilMs }: Held, terms: Terms): MonotonicMs {
  return untilMs - stopBeforeMs(terms);
}
