import type { AgentId } from "@antibody/policy";
import type { LeaseView } from "../../contract/inspection.ts";
import type { PeerMessage } from "../../contract/messages.ts";
import type { JournalRecord } from "../../contract/output.ts";
import type { Snapshot } from "../../contract/snapshot.ts";
import { type MonotonicMs, NEVER } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { finished, RareMap } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import type { Settings } from "../../settings.ts";
import { type Ballot, ballotKey, ballotsIn, newVoter, restarted, underTerms } from "./ballot.ts";
import {
  type Actor,
  answered,
  asked,
  deadlineOf,
  enabled,
  expired,
  givenBack,
  givenUp,
  heard,
  type Lease,
  newLease,
  runningEpoch,
} from "./lease.ts";
import type { Terms } from "./terms.ts";

/** What members of a leased role say to each other. */
export type LeaseMessage = Extract<
  PeerMessage,
  { readonly type: "leaseAsk" | "leaseAnswer" | "leaseRelease" }
>;

/** Whether a message is for the leases. */
export function isLeaseMessage(message: PeerMessage): message is LeaseMessage {
  const { type } = message;
  return type === "leaseAsk" || type === "leaseAnswer" || type === "leaseRelease";
}

/** Something to be said to another member. */
export interface LeaseLetter {
  readonly to: AgentId;
  readonly message: LeaseMessage;
}

/** How an agent stands towards a leased role. */
export interface LeaseStanding {
  /** It may hold the role: nothing bars it, and nothing is left of an earlier time. */
  readonly isFree: boolean;
  /** It may not, and nothing that went with the role runs any more. */
  readonly isOver: boolean;
}

interface LeasesDump {
  readonly leases: readonly (readonly [string, Lease])[];
  readonly ballots: readonly (readonly [string, Ballot])[];
  readonly round: number;
}

/** What leases stand on. */
export interface LeasesOptions {
  readonly agent: AgentId;
  readonly settings: Pick<Settings, "leaseStaggerMs" | "leaseAnswerMs">;
}

/** Ballots kept, of roles in force or not: an epoch never falls. A guess: eight at once, and all that came before. */
const ballotsMax = 256;

/**
 * Roles that one of a few named members holds, by a lease that most of them have voted for (Gray and Cheriton, 1989;
 * ballots as in Paxos, Lamport, 1998). Each member votes once an epoch and is bound by its vote for longer than the
 * lease counts. So no two leases count at one time, whoever sleeps, whatever is lost, whatever the wall clock says.
 */
export class Leases {
  readonly #options: LeasesOptions;
  #leases: ReadonlyMap<string, Lease>;
  /** Of roles that are not in force now. */
  #ballots: RareMap<string, Ballot>;
  #round: number;

  constructor(options: LeasesOptions, records: readonly JournalRecord[], snapshot?: Snapshot) {
    const dump = snapshot === undefined ? undefined : recall<LeasesDump>(snapshot);
    this.#options = options;
    this.#leases = finished(new Map(dump?.leases ?? []));
    this.#ballots = RareMap.of(dump?.ballots ?? ballotsIn(records));
    this.#round = dump?.round ?? 0;
  }

  dump(): Snapshot {
    const dump: LeasesDump = {
      leases: [...this.#leases],
      ballots: [...this.#ballots],
      round: this.#round,
    };
    return keep(dump);
  }

  /** When a role is to be weighed again though nothing was said. */
  get deadline(): MonotonicMs {
    let earliest = NEVER;
    for (const lease of this.#leases.values()) earliest = Math.min(earliest, deadlineOf(lease));
    return earliest;
  }

  /** Takes up the terms in force, by role. What was voted for a role that is not in force any more is remembered. */
  desire(terms: ReadonlyMap<string, Terms>, turn: Turn): void {
    const leases = new Map<string, Lease>();
    for (const [role, { voter }] of this.#leases) {
      if (!terms.has(role) && voter.ballot.epoch > 0) this.#ballots = this.#ballots.with(role, voter.ballot);
    }
    for (const [role, one] of terms) {
      if (this.#leases.has(role) || this.#ballots.size < ballotsMax)
        leases.set(role, this.#under(role, one, turn));
    }
    this.#leases = finished(leases);
  }

  /** By the lease of which epoch what goes with the role may run here now. */
  epochOf(role: string, nowMs: MonotonicMs): number | undefined {
    const lease = this.#leases.get(role);
    return lease === undefined ? undefined : runningEpoch(lease, nowMs);
  }

  inspect(role: string, nowMs: MonotonicMs): LeaseView | undefined {
    const lease = this.#leases.get(role);
    if (lease === undefined) return undefined;
    const { ballot, boundUntilMs } = lease.voter;
    const isBound = ballot.candidate !== undefined && nowMs < boundUntilMs;
    const { held } = lease;
    return {
      members: lease.terms.members,
      epoch: ballot.epoch,
      ...(isBound ? { boundTo: ballot.candidate } : {}),
      ...(held !== undefined && nowMs < held.untilMs ? { untilMs: held.untilMs } : {}),
    };
  }

  /** Does what is due for a role: asks for votes, or gives a lease back that is not used any more. */
  weigh(role: string, standing: LeaseStanding, turn: Turn): readonly LeaseLetter[] {
    const before = this.#leases.get(role);
    if (before === undefined) return [];
    const actor = this.#actor(turn);
    const { held } = before;
    if (held !== undefined && standing.isOver) {
      const { held: _held, bid: _bid, ...rest } = givenBack(before, actor.agent, held.epoch, actor);
      this.#put(role, { ...rest, askMs: NEVER }, turn);
      return this.#toOthers(before, { type: "leaseRelease", role, epoch: held.epoch });
    }
    const lease = enabled(expired(before, actor), standing.isFree, actor);
    if (actor.nowMs < lease.askMs) {
      this.#put(role, lease, turn);
      return [];
    }
    if (lease.held === undefined && lease.bid !== undefined) {
      this.#put(role, givenUp(lease, actor), turn);
      return this.#toOthers(lease, { type: "leaseRelease", role, epoch: lease.bid.epoch });
    }
    this.#round += 1;
    const next = asked(lease, this.#round, actor);
    this.#put(role, next, turn);
    if (next.bid === undefined || next.bid.round !== this.#round) return [];
    const { epoch, round } = next.bid;
    return this.#toOthers(next, { type: "leaseAsk", role, group: next.terms.group, epoch, round });
  }

  /** A member says something about a role; what is to be answered. What others say counts for nothing. */
  take(from: AgentId, message: LeaseMessage, turn: Turn): readonly LeaseLetter[] {
    const { role } = message;
    const lease = this.#leases.get(role);
    if (lease === undefined || !lease.terms.members.includes(from)) return [];
    const actor = this.#actor(turn);
    switch (message.type) {
      case "leaseAsk": {
        if (message.group !== lease.terms.group) return [];
        const { lease: next, granted } = answered(lease, from, message.epoch, actor);
        this.#put(role, next, turn);
        const epoch = granted ? message.epoch : next.voter.ballot.epoch;
        return [{ to: from, message: { type: "leaseAnswer", role, epoch, round: message.round, granted } }];
      }
      case "leaseAnswer":
        this.#put(role, heard(lease, from, message), turn);
        return [];
      case "leaseRelease":
        this.#put(role, givenBack(lease, from, message.epoch, actor), turn);
        return [];
      default:
        throw new Error(`unknown message ${message satisfies never}`);
    }
  }

  #actor(turn: Turn): Actor {
    const { agent, settings } = this.#options;
    return { agent, settings, nowMs: turn.now.monoMs, random: turn.random };
  }

  #under(role: string, terms: Terms, turn: Turn): Lease {
    const nowMs = turn.now.monoMs;
    const known = this.#leases.get(role);
    if (known?.terms.group === terms.group) return known;
    const ballot = this.#ballots.get(role);
    this.#ballots.delete(role);
    const before = known?.voter ?? (ballot === undefined ? newVoter(terms) : restarted(ballot, nowMs));
    const voter = underTerms(before, terms, nowMs);
    if (voter.ballot !== before.ballot && voter.ballot.epoch > 0) this.#persist(role, voter.ballot, turn);
    const lease = newLease(terms, voter);
    return known?.held === undefined ? lease : { ...lease, held: known.held, askMs: nowMs };
  }

  /** A vote is durable before anybody hears of it: what follows in this step waits for it. */
  #put(role: string, lease: Lease, turn: Turn): void {
    const before = this.#leases.get(role);
    if (before === lease) return;
    if (before?.voter.ballot !== lease.voter.ballot) this.#persist(role, lease.voter.ballot, turn);
    this.#leases = new Map([...this.#leases, [role, lease]]);
  }

  #persist(role: string, ballot: Ballot, turn: Turn): void {
    const records = [{ key: ballotKey(role), value: keep(ballot) }];
    turn.emit({ type: "persist", durability: "sync", records });
  }

  #toOthers({ terms }: Lease, message: LeaseMessage): readonly LeaseLetter[] {
    const others = terms.members.filter((member) => member !== this.#options.agent);
    return others.map((to) => ({ to, message }));
  }
}
