import type { AgentId, Json } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { VoteEvidence } from "../../contract/statements.ts";
import { type MonotonicMs, NEVER, NOT_YET } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { nothing } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import type { Settings } from "../../settings.ts";
import type { Directory } from "../members/directory.ts";
import { LocalHealth } from "./localHealth.ts";
import type { Observers } from "./observers.ts";
import { type Pace, paceOf } from "./pace.ts";
import { redialTurnMs, redialTurnMsMax, redialWaitMs } from "./redial.ts";
import { clearOutage, type Finding, isLost, isSilent, isUnmet, type Watch } from "./watch.ts";

/** What an agent may vote on. `calm`: at most a third of what it observes is silent, so no partition is likely. */
export interface Accusation {
  readonly evidence: VoteEvidence;
  readonly calm: boolean;
}

/** What own attempts showed, for the rest of the swarm to act on. */
export type Found =
  /** Out of reach. With a vote, when the evidence is conclusive and has lasted for long enough. */
  | { readonly type: "lost"; readonly watch: Watch; readonly vote: Accusation | undefined }
  | { readonly type: "returned"; readonly watch: Watch }
  /** So many were silent that this agent was behind a partition, with few others, and one of them is back. */
  | { readonly type: "reconnected" };

/** Silence of so many at once may be a partition: one silent peer is a peer's matter. */
const cutOffPeersMin = 2;
/** A vote that found no quorum is cast again before it expires at its receivers: after this part of its lifetime. */
const voteAgainParts = [3, 4] as const;

/**
 * After a partition everyone makes sessions with everyone on the other side, and a processor that many share has no time
 * for answers: for so long, whoever was behind one waits for them by so many times more, and takes a host that accepts and
 * says nothing for busy. Guesses.
 */
const healingMs = 10_000;
const healingPatience = 2;
/** So is everyone that starts, until it has met all that it observes: all may start at once, after a power cut. A guess. */
const startingMs = 10_000;

/**
 * However many members there are: who comes back says so where about so many others do, each to everyone, or fewer. Three
 * copies of an entry of 1 kB from each of 128 are 0.4 MB to each; where more are back, sessions are cheaper, and tell. A guess.
 */
const returnWordsMax = 128;

interface FindingsDump {
  readonly score: number;
  readonly healedMs: MonotonicMs;
  readonly startedMs: MonotonicMs;
  readonly cutOff: boolean;
  readonly revision: number;
  readonly lookedMs: MonotonicMs;
}

/** What this agent holds of the peers that it watches: suspicion, loss, return, and whether the fault is its own. */
export class Findings {
  readonly health: LocalHealth;
  readonly #directory: Directory;
  readonly #observers: Observers;
  readonly #settings: Settings;
  readonly #watches: Iterable<Watch>;
  #found: readonly Found[] = nothing;
  #cutOff = false;
  #revision = 0;
  /** How often looks are due, by how many peers are in reach. */
  #pace: Pace;
  #isOfFullMesh = false;
  /** When somebody last was back from behind a partition, or this agent was; −∞ when there was none. */
  #healedMs: MonotonicMs;
  #startedMs: MonotonicMs;
  /** The last look in turn, of this agent at another or of another at it. */
  #lookedMs: MonotonicMs;

  constructor(
    directory: Directory,
    observers: Observers,
    settings: Settings,
    watches: Iterable<Watch>,
    snapshot?: Snapshot,
  ) {
    this.#directory = directory;
    this.#observers = observers;
    this.#settings = settings;
    this.#watches = watches;
    const dump = snapshot === undefined ? undefined : recall<FindingsDump>(snapshot);
    this.health = new LocalHealth(dump?.score);
    this.#cutOff = dump?.cutOff ?? false;
    this.#revision = dump?.revision ?? 0;
    this.#lookedMs = dump?.lookedMs ?? NEVER;
    this.#healedMs = dump?.healedMs ?? NOT_YET;
    this.#startedMs = dump?.startedMs ?? NOT_YET;
    this.#pace = this.#reckonPace();
  }

  dump(): Snapshot {
    const dump: FindingsDump = {
      score: this.health.score,
      healedMs: this.#healedMs,
      startedMs: this.#startedMs,
      cutOff: this.#cutOff,
      revision: this.#revision,
      lookedMs: this.#lookedMs,
    };
    return keep(dump);
  }

  get pace(): Pace {
    return this.#pace;
  }

  /** The pace goes by whether everyone observes everyone, and that is another matter now. */
  get isOfOtherMesh(): boolean {
    return this.#isOfFullMesh !== this.#observers.isFullMesh;
  }

  /** Until then there is a look, of this agent at another or of another at it; or this agent looks ahead. */
  get quietUntilMs(): MonotonicMs {
    return this.#lookedMs + this.#pace.quietMs;
  }

  looked(turn: Turn): void {
    this.#lookedMs = turn.now.monoMs;
  }

  /** Whether halves of the swarm would still say that they are back: beyond that their sessions have to tell. */
  get isTold(): boolean {
    return this.#directory.livingCount <= 2 * returnWordsMax;
  }

  /** A partition has just ended. */
  isHealing({ now }: Turn): boolean {
    return now.monoMs - this.#healedMs < healingMs;
  }

  /** This life begins. */
  start(turn: Turn): void {
    this.#startedMs = turn.now.monoMs;
  }

  /** Many sessions are made at once, here and most likely elsewhere: whoever says nothing may have no processor. */
  isBusy(turn: Turn): boolean {
    return this.isHealing(turn) || this.#isStarting(turn);
  }

  #isStarting({ now }: Turn): boolean {
    if (now.monoMs - this.#startedMs >= startingMs) return false;
    for (const watch of this.#watches) if (isUnmet(watch)) return true;
    return false;
  }

  /** What waits for answers are multiplied by: more where this agent is slow, or all are after a partition or at a start. */
  waitFactor(turn: Turn): number {
    return this.health.factor + (this.isBusy(turn) ? healingPatience : 0);
  }

  /** Most of what this agent observes is silent: the fault is its own, and it accuses nobody. */
  get cutOff(): boolean {
    return this.#cutOff;
  }

  /** At most a third of what this agent observes is silent: no partition is likely. */
  get isCalm(): boolean {
    const { observed, silent } = this.#weigh();
    return 3 * silent <= observed;
  }

  /** Rises whenever a finding changed. */
  get revision(): number {
    return this.#revision;
  }

  get hasFound(): boolean {
    return this.#found.length > 0;
  }

  /** What was found since the last call. */
  takeFound(): readonly Found[] {
    const found = this.#found;
    this.#found = nothing;
    return found;
  }

  suspect(watch: Watch, why: string, turn: Turn): void {
    if (watch.finding !== "reachable") return;
    watch.outage = { ...watch.outage, lostMs: turn.now.monoMs };
    this.#set(watch, "suspected", turn);
    turn.tell("swarm.suspected", "info", this.#fields(watch, why));
  }

  /** An own attempt ended without an answer; undefined evidence: it could not be made, and shows nothing. */
  lose(watch: Watch, evidence: VoteEvidence | undefined, turn: Turn): void {
    const now = turn.now.monoMs;
    const finding = evidence === "stalled" ? "stalled" : "unreachable";
    const isNews = watch.finding !== finding;
    const { lostMs, silentMs, hasStalled } = watch.outage;
    const isSilence = evidence === "cut" || evidence === "stalled";
    watch.outage = {
      ...watch.outage,
      lostMs: lostMs === NEVER ? now : lostMs,
      silentMs: isSilence && silentMs !== NEVER ? silentMs : isSilence ? now : NEVER,
      evidence,
      hasStalled: hasStalled || evidence === "stalled",
    };
    if (isNews) {
      this.#set(watch, finding, turn);
      turn.tell(`swarm.${finding}`, "warn", this.#fields(watch, evidence ?? "could not be tried"));
    }
    this.recount(turn);
    const mayVote = evidence !== undefined && this.#mayVote(watch, now);
    const vote = mayVote ? { evidence, calm: this.isCalm } : undefined;
    if (isNews || vote !== undefined) this.#found = [...this.#found, { type: "lost", watch, vote }];
  }

  /** The peer was heard. */
  recover(watch: Watch, turn: Turn): void {
    if (watch.outage.hasStalled) watch.outage = { ...watch.outage, hasStalled: false };
    if (watch.finding === "reachable") return;
    const wasLost = isLost(watch);
    if (wasLost && !this.isCalm) {
      this.#healedMs = turn.now.monoMs;
      if (this.#isAmongFew()) this.#found = [...this.#found, { type: "reconnected" }];
    }
    if (isSilent(watch)) watch.healedMs = turn.now.monoMs;
    clearOutage(watch);
    this.#set(watch, "reachable", turn);
    if (watch.duty === "observe") {
      turn.tell(wasLost ? "swarm.returned" : "swarm.refuted", "info", this.#fields(watch, "it answered"));
    }
    this.recount(turn);
    if (wasLost) this.#found = [...this.#found, { type: "returned", watch }];
  }

  /**
   * One that was lost has said by itself that it is back. Where many still are, this agent was behind a partition, and is
   * missed by some of them.
   */
  backByWord(): void {
    if (!this.isCalm && this.#isAmongFew()) this.#found = [...this.#found, { type: "reconnected" }];
  }

  /** A lost peer is there as far as anybody knows, or was never at fault: it is as one that nothing was tried with yet. */
  excuse(watch: Watch, evidence: string, turn: Turn): void {
    if (isSilent(watch)) watch.healedMs = turn.now.monoMs;
    this.#healedMs = turn.now.monoMs;
    clearOutage(watch);
    watch.heardMs = NOT_YET;
    watch.isMute = false;
    this.#set(watch, "reachable", turn);
    turn.tell("swarm.returned", "info", this.#fields(watch, evidence));
    this.#found = [...this.#found, { type: "returned", watch }];
  }

  /** Another reaches it: silence begins anew, since the fault lies between the two of us. */
  reachedBy(watch: Watch, helper: AgentId, turn: Turn): void {
    watch.outage = { ...watch.outage, via: helper };
    if (watch.outage.silentMs !== NEVER) watch.outage = { ...watch.outage, silentMs: turn.now.monoMs };
  }

  /** Whether the next attempt, if it ends in silence, is one to vote on. */
  isVoteDue(watch: Watch, turn: Turn): boolean {
    return watch.outage.evidence !== "refused" && this.#mayVote(watch, turn.now.monoMs);
  }

  /**
   * When to try a lost peer again, after those of `planned` that are lost beside it. A vote that is due is not waited for
   * longer than needed.
   */
  nextAttemptMs(watch: Watch, planned: readonly MonotonicMs[], turn: Turn): MonotonicMs {
    const now = turn.now.monoMs;
    const at = this.#redialMs(watch, planned, turn);
    const voteMs = watch.outage.silentMs + this.#patienceMs(watch);
    return watch.outage.silentMs !== NEVER && voteMs > now ? Math.min(at, voteMs) : at;
  }

  #redialMs(watch: Watch, planned: readonly MonotonicMs[], { now, random }: Turn): MonotonicMs {
    const outageMs = now.monoMs - watch.outage.lostMs;
    if (watch.duty === "redial" || planned.length === 0) {
      const dead = watch.outage.evidence === "refused" ? "gone" : "dead";
      return (
        now.monoMs + redialWaitMs(outageMs, watch.duty === "redial" ? dead : "lost", this.#settings, random)
      );
    }
    const lastMs = Math.max(now.monoMs, ...planned) + redialTurnMs(outageMs, this.#settings, random);
    return Math.min(lastMs, now.monoMs + redialTurnMsMax(outageMs, planned.length + 1, this.#settings));
  }

  /** This agent itself did not run for a while: what looks like others' silence was its own. */
  restart(watch: Watch, turn: Turn): void {
    if (watch.outage.silentMs !== NEVER) watch.outage = { ...watch.outage, silentMs: turn.now.monoMs };
    if (watch.finding !== "suspected") return;
    clearOutage(watch);
    this.#set(watch, "reachable", turn);
  }

  /** Weighs again whether this agent is cut off. */
  recount(turn: Turn): void {
    this.#pace = this.#reckonPace();
    const { observed, silent } = this.#weigh();
    const cutOff = silent >= cutOffPeersMin && 2 * silent > observed;
    if (cutOff === this.#cutOff) return;
    this.#cutOff = cutOff;
    this.#revision += 1;
    const watches = [...this.#watches].filter(({ duty }) => duty === "observe");
    turn.tell("swarm.partitioned", cutOff ? "warn" : "info", {
      cutOff,
      unreachable: watches.filter(isLost).map((watch) => this.#name(watch)),
      with: watches.filter((watch) => !isLost(watch)).map((watch) => this.#name(watch)),
      evidence: `${silent} of ${observed} observed peers are silent`,
    });
    // What was silent while the fault was its own is not held against anyone.
    if (!cutOff) for (const watch of this.#watches) this.restart(watch, turn);
  }

  #mayVote(watch: Watch, now: MonotonicMs): boolean {
    if (watch.duty !== "observe" || this.#cutOff) return false;
    const [part, whole] = voteAgainParts;
    if (now - watch.outage.votedMs < (this.#settings.voteLifetimeMs * part) / whole) return false;
    return watch.outage.evidence === "refused" || now - watch.outage.silentMs >= this.#patienceMs(watch);
  }

  /** How long own attempts must have ended in silence before a vote. */
  #patienceMs(watch: Watch): number {
    const { stalledVoteAfterMs, cutVoteAfterMs } = this.#settings;
    return (watch.outage.hasStalled ? stalledVoteAfterMs : cutVoteAfterMs) * this.health.factor;
  }

  #reckonPace(): Pace {
    let observed = 0;
    let lost = 0;
    for (const watch of this.#watches) {
      if (watch.duty !== "observe") continue;
      observed += 1;
      if (isLost(watch)) lost += 1;
    }
    this.#isOfFullMesh = this.#observers.isFullMesh;
    return paceOf(observed, lost, this.#isOfFullMesh, this.#settings);
  }

  /** Peers whose host answered by refusing count on neither side: they show that the network works. */
  #weigh(): { readonly observed: number; readonly silent: number } {
    let observed = 0;
    let silent = 0;
    for (const watch of this.#watches) {
      if (watch.duty !== "observe" || watch.outage.evidence === "refused") continue;
      observed += 1;
      if (isSilent(watch)) silent += 1;
    }
    return { observed, silent };
  }

  /** How many this agent has been with, by the share of its peers that it has not lost. */
  #isAmongFew(): boolean {
    const { observed, silent } = this.#weigh();
    return (observed - silent) * this.#directory.livingCount <= returnWordsMax * observed;
  }

  #set(watch: Watch, finding: Finding, turn: Turn): void {
    watch.finding = finding;
    watch.sinceMs = turn.now.monoMs;
    this.#revision += 1;
  }

  #name({ agent }: Watch): string {
    return this.#directory.get(agent)?.certificate.certificate.name ?? agent;
  }

  #fields(watch: Watch, evidence: string): { readonly [field: string]: Json } {
    return { peer: watch.agent, name: this.#name(watch), evidence };
  }
}
