import type { AgentId } from "@antibody/policy";
import type { PolicyHolding } from "../../contract/knowledge.ts";
import type { Digests, PeerMessage } from "../../contract/messages.ts";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { DeathCertificate, Member, VerifiedEviction } from "../../contract/statements.ts";
import { type MonotonicMs, NEVER, NOT_YET } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { finishedList, nothing, RareMap } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import { policyIdsMax } from "../../limits.ts";
import type { Settings } from "../../settings.ts";
import type { Asking } from "../asking.ts";
import type { Links } from "../links.ts";
import type { Directory } from "../members/directory.ts";
import type { Evictions } from "../members/evictions.ts";
import { differingBuckets, differingMembers, summaryOf } from "./compare.ts";
import { itemsPieces } from "./pieces.ts";

/** What anti-entropy stands on. */
export interface ReconcilePorts {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly evictions: Evictions;
  readonly links: Links;
  readonly asking: Asking;
}

type Message<Type extends PeerMessage["type"]> = Extract<PeerMessage, { readonly type: Type }>;

/** Comparisons that this agent leads at once. From the design: a mismatch is reconciled with two peers. */
export const roundsMax = 2;
/** Peers whose digests differ and that wait for a round; the next probe finds what is left out. A guess. */
export const mismatchesMax = 16;
/** A difference may only be gossip under way: wait until nothing new came for so long, but no longer than that. Guesses. */
const settleMs = 250;
const settleMaxMs = 1_000;
/** A round whose peer falls silent is given up. A guess: ten pieces over a bad link. */
const roundTimeoutMs = 5_000;
/** Documents of policy asked for at once; the rest in the next round. A guess. */
const wantedPolicyMax = 256;

interface Round {
  readonly peer: AgentId;
  readonly untilMs: MonotonicMs;
  /** Members and documents asked for and still to come. */
  readonly awaited: number;
}

interface Mismatch {
  readonly peer: AgentId;
  readonly sinceMs: MonotonicMs;
  readonly theirs: Digests;
  /** What was held here at that time. */
  readonly mine: Digests;
  /** Digests were compared once more, because what is held here had changed. */
  readonly isRechecked: boolean;
}

/** A peer with which rounds change nothing: both sides hold what the other refuses. */
interface Stalemate {
  /** The digests of both sides when the last round began. */
  readonly pair: string;
  readonly rounds: number;
  readonly notBeforeMs: MonotonicMs;
}

interface ReconcileDump {
  readonly mine: Digests;
  readonly changedMs: MonotonicMs;
  readonly rounds: readonly Round[];
  readonly mismatches: readonly Mismatch[];
  readonly stalemates: readonly (readonly [AgentId, Stalemate])[];
  readonly intervalMs: MonotonicMs;
}

/**
 * Anti-entropy: heals what gossip missed. Digests that differ lead to digests of buckets, these to a summary of the
 * buckets that differ, this to what one lacks being asked for and what the other lacks being sent. In bounded
 * pieces: what does not fit one round is left to the next, which the digests bring about.
 */
export class Reconcile {
  readonly #ports: ReconcilePorts;
  #mine: Digests = { members: "", policy: "" };
  /** When the digests last changed. */
  #changedMs: MonotonicMs;
  #rounds: readonly Round[] = nothing;
  #mismatches: readonly Mismatch[] = nothing;
  #stalemates: RareMap<AgentId, Stalemate> = RareMap.of();
  #intervalMs: MonotonicMs;

  constructor(ports: ReconcilePorts, snapshot?: Snapshot) {
    this.#changedMs = NOT_YET;
    this.#intervalMs = NEVER;
    this.#ports = ports;
    if (snapshot === undefined) return;
    const dump = recall<ReconcileDump>(snapshot);
    this.#mine = dump.mine;
    this.#changedMs = dump.changedMs;
    this.#rounds = dump.rounds;
    this.#mismatches = dump.mismatches;
    for (const [peer, stalemate] of dump.stalemates)
      this.#stalemates = this.#stalemates.with(peer, stalemate);
    this.#intervalMs = dump.intervalMs;
  }

  dump(): Snapshot {
    const dump: ReconcileDump = {
      mine: this.#mine,
      changedMs: this.#changedMs,
      rounds: this.#rounds,
      mismatches: this.#mismatches,
      stalemates: [...this.#stalemates],
      intervalMs: this.#intervalMs,
    };
    return keep(dump);
  }

  /** When what is held here last changed. */
  get changedMs(): MonotonicMs {
    return this.#changedMs;
  }

  get roundCount(): number {
    return this.#rounds.length;
  }

  get mismatchCount(): number {
    return this.#mismatches.length;
  }

  get deadline(): MonotonicMs {
    let earliest = this.#intervalMs;
    for (const { untilMs } of this.#rounds) earliest = Math.min(earliest, untilMs);
    if (this.#rounds.length >= roundsMax) return earliest;
    let sinceMs = NEVER;
    for (const mismatch of this.#mismatches) if (mismatch.sinceMs < sinceMs) sinceMs = mismatch.sinceMs;
    return sinceMs === NEVER ? earliest : Math.min(earliest, this.#dueMs({ sinceMs }));
  }

  start(turn: Turn): void {
    this.#planInterval(turn);
  }

  /** The digests of what is held now. The same object until something changes. */
  digests(policy: PolicyHolding, turn: Turn): Digests {
    const members = this.#ports.evictions.mixInto(this.#ports.directory.digest);
    const held = policy.digest();
    if (members !== this.#mine.members || held !== this.#mine.policy) {
      this.#mine = sharedDigests(members, held);
      this.#changedMs = turn.now.monoMs;
    }
    return this.#mine;
  }

  /** A peer told its digests in answer to ours. True when they are the same. */
  compared(peer: AgentId, theirs: Digests, policy: PolicyHolding, turn: Turn): boolean {
    const mine = this.digests(policy, turn);
    if (isEqual(mine, theirs)) {
      if (this.#mismatches.length > 0) {
        this.#mismatches = this.#mismatches.filter((mismatch) => mismatch.peer !== peer);
      }
      if (this.#stalemates.size > 0) this.#stalemates.delete(peer);
      return true;
    }
    this.#noteMismatch(peer, theirs, mine, turn);
    return false;
  }

  #noteMismatch(peer: AgentId, theirs: Digests, mine: Digests, turn: Turn): void {
    const rest = this.#mismatches.filter((mismatch) => mismatch.peer !== peer);
    if (this.#rounds.some((round) => round.peer === peer)) return;
    const notBeforeMs = this.#stalemates.get(peer)?.notBeforeMs ?? NOT_YET;
    if (notBeforeMs > turn.now.monoMs) return;
    const known = this.#mismatches.find((mismatch) => mismatch.peer === peer);
    if (known === undefined && this.#mismatches.length >= mismatchesMax) return;
    const sinceMs = known?.sinceMs ?? turn.now.monoMs;
    this.#mismatches = [...rest, { peer, theirs, mine, sinceMs, isRechecked: known?.isRechecked ?? false }];
  }

  closed(peer: AgentId): void {
    if (this.#rounds.length > 0) this.#rounds = this.#rounds.filter((round) => round.peer !== peer);
    if (this.#mismatches.length > 0) {
      this.#mismatches = this.#mismatches.filter((mismatch) => mismatch.peer !== peer);
    }
    this.#stalemates.delete(peer);
  }

  due(policy: PolicyHolding, turn: Turn): void {
    const now = turn.now.monoMs;
    if (this.deadline > now) return;
    this.#rounds = finishedList(this.#rounds.filter(({ untilMs }) => untilMs > now));
    if (this.#intervalMs <= now) {
      this.#planInterval(turn);
      const peers = this.#ports.links.list();
      if (peers.length > 0) this.#ports.asking.probe(turn.random.pick(peers), turn);
    }
    const mine = this.digests(policy, turn);
    const waiting = finishedList(this.#mismatches.filter(({ theirs }) => !isEqual(mine, theirs)));
    this.#mismatches = waiting;
    for (const mismatch of waiting) {
      if (this.#dueMs(mismatch) <= now) this.#resolve(mismatch, mine, policy, turn);
    }
  }

  /** A probe is cheaper than a round: it is sent first where what is held here is not what was compared. */
  #resolve(mismatch: Mismatch, mine: Digests, policy: PolicyHolding, turn: Turn): void {
    if (this.#rounds.length >= roundsMax) return;
    const rest = this.#mismatches.filter(({ peer }) => peer !== mismatch.peer);
    if (mismatch.isRechecked || isEqual(mine, mismatch.mine)) {
      this.#mismatches = rest;
      this.#note(mismatch, mine, turn.now.monoMs);
      this.#begin(mismatch.peer, policy, turn);
    } else {
      this.#mismatches = [
        ...rest,
        { ...mismatch, mine, sinceMs: turn.now.monoMs + settleMs, isRechecked: true },
      ];
      this.#ports.asking.probe(mismatch.peer, turn);
    }
  }

  /** First move of the other side: answered by what is held in the buckets that differ. */
  onDigest(from: AgentId, message: Message<"digest">, policy: PolicyHolding, turn: Turn): void {
    const { directory } = this.#ports;
    const buckets = differingBuckets(directory, message.buckets);
    const summary = {
      type: "summary",
      ...summaryOf(directory, buckets),
      policy: policy.heads(),
      ...this.#evictions(),
    } as const;
    turn.emit({ type: "send", to: from, message: summary });
  }

  /** Answer to the own first move: asks for what is missing here, and sends what is missing there. */
  onSummary(from: AgentId, message: Message<"summary">, policy: PolicyHolding, turn: Turn): void {
    const round = this.#rounds.find(({ peer }) => peer === from);
    if (round === undefined) return;
    const { wanted, lacked } = differingMembers(this.#ports.directory, message.buckets, message.members);
    const wantedPolicy = policy.wantedFrom(message.policy).slice(0, wantedPolicyMax);
    const lackedPolicy = policy.lackedBy(message.policy).slice(0, wantedPolicyMax);
    const { evictions } = this.#ports;
    const wantedEvictions = evictions.lackedOf(message.evictions ?? []);
    const awaited = wanted.length + wantedPolicy.length + wantedEvictions.length;
    if (awaited > 0) {
      const want = { type: "want", members: wanted, policy: wantedPolicy } as const;
      const message = wantedEvictions.length === 0 ? want : { ...want, evictions: wantedEvictions };
      turn.emit({ type: "send", to: from, message });
    }
    this.#send(from, lacked, policy, lackedPolicy, evictions.without(message.evictions ?? []), turn);
    const others = this.#rounds.filter(({ peer }) => peer !== from);
    this.#rounds = awaited === 0 ? others : [...others, { ...round, awaited }];
  }

  onWant(from: AgentId, message: Message<"want">, policy: PolicyHolding, turn: Turn): void {
    const members: Member[] = [];
    for (const agent of message.members) {
      const member = this.#ports.directory.get(agent);
      if (member !== undefined) members.push(member);
    }
    const evictions = this.#ports.evictions.withDigests(message.evictions ?? []);
    this.#send(from, members, policy, message.policy.slice(0, policyIdsMax), evictions, turn);
  }

  /** Items came. When all that was asked for is here, digests are compared again: there may be more. */
  onItems(from: AgentId, message: Message<"items">, turn: Turn): void {
    const round = this.#rounds.find(({ peer }) => peer === from);
    if (round === undefined || round.awaited === 0) return;
    const came = message.members.length + message.policy.length + (message.evictions?.length ?? 0);
    const awaited = round.awaited - came;
    const others = this.#rounds.filter(({ peer }) => peer !== from);
    const untilMs = turn.now.monoMs + roundTimeoutMs;
    this.#rounds = awaited > 0 ? [...others, { peer: from, untilMs, awaited }] : others;
    if (awaited <= 0) this.#ports.asking.probe(from, turn);
  }

  #begin(peer: AgentId, policy: PolicyHolding, turn: Turn): void {
    if (this.#rounds.length >= roundsMax || this.#rounds.some((round) => round.peer === peer)) return;
    this.#rounds = [...this.#rounds, { peer, untilMs: turn.now.monoMs + roundTimeoutMs, awaited: 0 }];
    const buckets = this.#ports.directory.bucketDigests;
    const message = { type: "digest", buckets, policy: policy.heads(), ...this.#evictions() } as const;
    turn.emit({ type: "send", to: peer, message });
  }

  /** Digests of the evictions held, where there are any. */
  #evictions(): { readonly evictions?: readonly string[] } {
    const { evictions } = this.#ports;
    return evictions.size === 0 ? {} : { evictions: evictions.digests() };
  }

  #send(
    to: AgentId,
    members: readonly Member[],
    policy: PolicyHolding,
    ids: readonly string[],
    evictions: readonly VerifiedEviction[],
    turn: Turn,
  ): void {
    const deaths: DeathCertificate[] = [];
    for (const { certificate } of members) {
      const death = this.#ports.directory.deathOf(certificate.agent);
      if (death !== undefined) deaths.push(death);
    }
    const documents = ids.length === 0 ? [] : policy.take(ids);
    for (const message of itemsPieces(members, deaths, documents, evictions))
      turn.emit({ type: "send", to, message });
  }

  /** When a round may begin: after gossip has settled. */
  #dueMs({ sinceMs }: Pick<Mismatch, "sinceMs">): MonotonicMs {
    return Math.min(Math.max(sinceMs, this.#changedMs + settleMs), sinceMs + settleMaxMs);
  }

  /** Rounds that change nothing are repeated ever more seldom, up to the interval of anti-entropy. */
  #note({ peer, theirs }: Mismatch, mine: Digests, now: MonotonicMs): void {
    const pair = `${mine.members}${mine.policy}${theirs.members}${theirs.policy}`;
    const last = this.#stalemates.get(peer);
    const rounds = last?.pair === pair ? last.rounds + 1 : 0;
    const waitMs =
      rounds === 0 ? 0 : Math.min(this.#ports.settings.antiEntropyIntervalMs, 1_000 * 2 ** rounds);
    this.#stalemates = this.#stalemates.with(peer, { pair, rounds, notBeforeMs: now + waitMs });
  }

  #planInterval(turn: Turn): void {
    const { antiEntropyIntervalMs } = this.#ports.settings;
    // A tenth of jitter, so that agents that started together drift apart.
    const spreadMs = Math.ceil(antiEntropyIntervalMs / 10);
    this.#intervalMs = turn.now.monoMs + antiEntropyIntervalMs - turn.random.below(spreadMs);
  }
}

export function isEqual(left: Digests, right: Digests): boolean {
  return left === right || (left.members === right.members && left.policy === right.policy);
}

/** The digests made last, by whomever: nearly all minds of a simulator hold the same, and compare one object with itself. */
let lastDigests: Digests = { members: "", policy: "" };

function sharedDigests(members: string, policy: string): Digests {
  const digests = { members, policy };
  if (!isEqual(lastDigests, digests)) lastDigests = digests;
  return lastDigests;
}
