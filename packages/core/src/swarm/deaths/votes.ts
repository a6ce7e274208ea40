import { type AgentId, compareText, type SwarmId } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { Incarnation, SignedVote, VoteEvidence } from "../../contract/statements.ts";
import type { MonotonicMs } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { RareMap } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import { pendingVotesMax } from "../../limits.ts";
import type { Settings } from "../../settings.ts";
import { Cases, type CasesDump } from "../cases.ts";

/** Who votes, in which swarm and in which life. */
export interface Voter {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
  readonly boot: number;
}

/** A case with an own vote that is still for some of the fellow observers alone. */
interface Narrow {
  readonly untilMs: MonotonicMs;
  /** Fellows that could not be reached: as many others take their places. */
  readonly missed: number;
}

interface VotesDump {
  readonly sequence: number;
  readonly votes: CasesDump<SignedVote>;
  readonly told: readonly (readonly [AgentId, readonly AgentId[]])[];
  readonly narrow: readonly (readonly [AgentId, Narrow])[];
}

/**
 * A case is told to all fellow observers when the first of them have not decided it within this time. A guess: ten
 * times what votes need on a local network.
 */
const tellAllAfterMs = 500;

/** Where the last own vote is kept, with `sync`, before it is signed. */
export const voteKey = "vote";

function wordOf({ vote }: SignedVote): SignedVote["vote"] {
  return vote;
}

/** Votes whose quorum is open: one of each observer on each subject. */
export class Votes {
  readonly #voter: Voter;
  readonly #settings: Settings;
  readonly #cases: Cases<SignedVote>;
  /** By subject: the fellow observers that got this agent's present vote, or for whom a session was asked. */
  #told: RareMap<AgentId, Set<AgentId>> = RareMap.of();
  #narrow: RareMap<AgentId, Narrow> = RareMap.of();
  #sequence = 0;

  constructor(voter: Voter, settings: Settings, snapshot?: Snapshot) {
    this.#voter = voter;
    this.#settings = settings;
    const dump = snapshot === undefined ? undefined : recall<VotesDump>(snapshot);
    this.#cases = new Cases(wordOf, dump?.votes);
    if (dump === undefined) return;
    this.#sequence = dump.sequence;
    for (const [subject, told] of dump.told) this.#told = this.#told.with(subject, new Set(told));
    for (const [subject, at] of dump.narrow) this.#narrow = this.#narrow.with(subject, at);
  }

  dump(): Snapshot {
    const told = [...this.#told].map(([subject, fellows]) => [subject, [...fellows]] as const);
    const narrow = [...this.#narrow];
    const dump: VotesDump = { sequence: this.#sequence, votes: this.#cases.dump(), told, narrow };
    return keep(dump);
  }

  /** Whether a subject has an open case. */
  has(subject: AgentId): boolean {
    return this.#cases.has(subject);
  }

  /** Subjects with an open case. */
  get caseCount(): number {
    return this.#cases.size;
  }

  get count(): number {
    return this.#cases.count;
  }

  get deadline(): MonotonicMs {
    let earliest = this.#cases.deadline;
    // Asked for at every other step of a mind, which has no case nearly always.
    if (this.#narrow.size === 0) return earliest;
    for (const { untilMs } of this.#narrow.values()) if (untilMs < earliest) earliest = untilMs;
    return earliest;
  }

  /** How many fellow observers could not be reached in a case that is for some of them alone; undefined for all others. */
  missedIn(subject: AgentId): number | undefined {
    return this.#narrow.get(subject)?.missed;
  }

  /** A fellow observer could not be reached: the cases that it was to hear of, and that are for some alone. */
  miss(fellow: AgentId): readonly AgentId[] {
    if (this.#narrow.size === 0) return [];
    const cases = [...this.#narrow].filter(([subject]) => this.#told.get(subject)?.has(fellow) === true);
    for (const [subject, { untilMs, missed }] of cases)
      this.#narrow = this.#narrow.with(subject, { untilMs, missed: missed + 1 });
    return cases.map(([subject]) => subject).sort(compareText);
  }

  /** Cases that are for all fellow observers from now on. */
  takeWidened(turn: Turn): readonly AgentId[] {
    if (this.#narrow.size === 0) return [];
    const widened = [...this.#narrow]
      .filter(([, { untilMs }]) => untilMs <= turn.now.monoMs)
      .map(([subject]) => subject);
    for (const subject of widened) this.#narrow.delete(subject);
    return widened.sort(compareText);
  }

  /** Subjects with an open case, in order of agents. */
  subjects(): readonly AgentId[] {
    return this.#cases.subjects();
  }

  /** Votes on one incarnation of a subject, in order of observers. */
  on(subject: AgentId, incarnation: Incarnation | undefined): readonly SignedVote[] {
    return this.#cases.on(subject, incarnation);
  }

  /** Whether this agent's own vote is in an open case. */
  hasOwn(subject: AgentId): boolean {
    return this.#cases.hasWordOf(this.#voter.agent, subject);
  }

  /** Those of the fellow observers that have not been told of an open case yet; from now on they have. */
  untold(subject: AgentId, fellows: readonly AgentId[]): readonly AgentId[] {
    const told = this.#told.get(subject) ?? new Set<AgentId>([this.#voter.agent]);
    this.#told = this.#told.with(subject, told);
    const untold = fellows.filter((fellow) => !told.has(fellow));
    for (const fellow of untold) told.add(fellow);
    return untold;
  }

  /** This agent's own finding, to be signed. It is remembered before anyone can hear it. */
  cast(subject: AgentId, incarnation: Incarnation, evidence: VoteEvidence, turn: Turn): void {
    this.#sequence += 1;
    const { agent: observer, swarm, boot } = this.#voter;
    const sequence = [boot, this.#sequence] as const;
    const record = { key: voteKey, value: { v: 1, subject, incarnation, sequence } };
    turn.emit({ type: "persist", durability: "sync", records: [record] });
    turn.emit({
      type: "sign",
      statement: { v: 1, type: "vote", swarm, subject, incarnation, observer, evidence, sequence },
    });
  }

  /**
   * Takes a vote, in place of an older one of its observer on its subject. False when it is no news, or when
   * there is no room: then assigned observers still find half of it.
   */
  take(vote: SignedVote, isAssigned: boolean, turn: Turn): boolean {
    const { subject, observer } = vote.vote;
    const kind = this.#cases.kindOf(vote.vote);
    const room = isAssigned ? pendingVotesMax : pendingVotesMax / 2;
    if (kind === "older" || (kind === "first" && this.count >= room)) return false;
    this.#cases.put({ statement: vote, untilMs: turn.now.monoMs + this.#settings.voteLifetimeMs });
    if (observer === this.#voter.agent) {
      // A new vote of this agent is news to everyone.
      this.#told.delete(subject);
      this.#narrow = this.#narrow.with(subject, { untilMs: turn.now.monoMs + tellAllAfterMs, missed: 0 });
    }
    return true;
  }

  /** The case of an own vote stays with the first of the fellow observers for as long as one waits before a vote. */
  narrowLonger(subject: AgentId, turn: Turn): void {
    const narrow = this.#narrow.get(subject);
    if (narrow === undefined) return;
    this.#narrow = this.#narrow.with(subject, {
      ...narrow,
      untilMs: turn.now.monoMs + this.#settings.cutVoteAfterMs,
    });
  }

  /** A fellow observer is not to hear of a case with an own vote before a time: by then all hear of it. */
  holdBack(subject: AgentId, untilMs: MonotonicMs): void {
    if (this.hasOwn(subject) && !this.#narrow.has(subject))
      this.#narrow = this.#narrow.with(subject, { untilMs, missed: 0 });
  }

  /** The subject stated a newer incarnation: votes on older ones are void. True if there were any. */
  voidBelow(subject: AgentId, incarnation: Incarnation): boolean {
    const isVoid = this.#cases.voidBelow(subject, incarnation);
    this.#forgetClosed(subject);
    return isVoid;
  }

  /** The case is decided. */
  close(subject: AgentId): void {
    this.#cases.drop(subject);
    this.#forgetClosed(subject);
  }

  expire(turn: Turn): void {
    for (const subject of this.#cases.expire(turn.now.monoMs)) this.#forgetClosed(subject);
  }

  #forgetClosed(subject: AgentId): void {
    if (this.#cases.has(subject)) return;
    this.#told.delete(subject);
    this.#narrow.delete(subject);
  }
}
