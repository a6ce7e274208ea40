import type { AgentId } from "@antibody/policy";
import type { DeathCertificate, Incarnation, SignedVote } from "../../contract/statements.ts";
import { type MonotonicMs, NOT_YET } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { compareIncarnation } from "../../enrolment/incarnation.ts";
import type { Settings } from "../../settings.ts";
import type { Asking } from "../asking.ts";
import { catchUp } from "../catchUp.ts";
import type { Links } from "../links.ts";
import type { Directory } from "../members/directory.ts";
import type { Membership } from "../members/membership.ts";
import type { Own } from "../members/own.ts";
import type { Accusation } from "../observing/findings.ts";
import { type Concerned, isConcerned, type Observers } from "../observing/observers.ts";
import type { Probing } from "../observing/probing.ts";
import { hasMet, type Watch } from "../observing/watch.ts";
import type { Deaths } from "./deaths.ts";
import type { Votes } from "./votes.ts";

/** What accusing stands on. */
export interface AccusingPorts {
  readonly agent: AgentId;
  readonly settings: Pick<Settings, "cutVoteAfterMs" | "freshTimeoutMs">;
  readonly own: Own;
  readonly directory: Directory;
  readonly observers: Observers;
  readonly links: Links;
  readonly asking: Asking;
  readonly probing: Probing;
  readonly votes: Votes;
  readonly deaths: Deaths;
  readonly membership: Membership;
}

/**
 * Votes go to the first of a subject's observers at first, in the order that all of them know, and to the next where it
 * cannot be reached: a quorum comes together there, over a fifth of the sessions that everyone with everyone would take.
 */
const collectorsCount = 1;
/**
 * The way to a peer was closed and has just opened: the others behind it are tried again at once, and votes on them are
 * told to it only where that failed. Else a heal makes everyone refute who was out of reach. A guess: a dial that is
 * under way ends, and another one follows.
 */
const healedDials = 5;

/** Votes between fellow observers, and accusations of this agent itself. */
export class Accusing {
  readonly #ports: AccusingPorts;

  constructor(ports: AccusingPorts) {
    this.#ports = ports;
  }

  /** The incarnation in which a peer is held dead, here or by votes: it must hear of that before anyone else. */
  accusationOf(peer: AgentId): Incarnation | undefined {
    const { directory, votes, deaths } = this.#ports;
    // Asked for every probe; nearly always nobody is accused.
    if (directory.deathCount === 0 && !this.hasCases) return undefined;
    const incarnation = directory.get(peer)?.entry.entry.incarnation;
    if (incarnation === undefined) return undefined;
    const isAccused =
      directory.deathOf(peer) !== undefined ||
      deaths.isAccused(peer) ||
      votes.on(peer, incarnation).length > 0;
    return isAccused ? incarnation : undefined;
  }

  /** This agent itself is held dead by someone. */
  refute(incarnation: Incarnation, accuser: AgentId, evidence: string, turn: Turn): void {
    this.#ports.own.refute(incarnation, accuser, evidence, turn);
    this.#ports.membership.answerAccusers(turn);
  }

  /** A peer is out of reach; `vote` says whether that is ripe for a vote. */
  lost(watch: Watch, vote: Accusation | undefined, turn: Turn): void {
    const { own, directory, observers, votes, deaths, settings } = this.#ports;
    const subject = watch.agent;
    // Certificates were held back for as long as the own link lived.
    deaths.reconsider(turn, subject);
    const incarnation = directory.get(subject)?.entry.entry.incarnation;
    if (vote === undefined || incarnation === undefined || directory.standingOf(subject) !== "alive") return;
    if (own.member === undefined || own.isAbsent) return;
    const quorum = observers.quorumOf(subject);
    if (quorum.votes > quorum.observers) return;
    // An observer that took a dead one's place has never met the subject. That the subject's host refuses is
    // evidence all the same; silence is so only where others that met it say the same, and no partition is likely.
    const isNewcomer = !hasMet(watch, incarnation);
    // After a power cut all start, and the first of them find nobody there yet.
    if (isNewcomer && turn.now.monoMs - own.startedMs < settings.cutVoteAfterMs) return;
    if (isNewcomer && vote.evidence !== "refused") {
      if (!vote.calm || votes.on(subject, incarnation).length === 0) return;
    }
    watch.outage = { ...watch.outage, votedMs: turn.now.monoMs };
    votes.cast(subject, incarnation, vote.evidence, turn);
  }

  /**
   * A peer is in reach again. Where no quorum was found, nothing need be refuted: each observer that reaches it
   * drops the case, and a heal does not become a storm of new incarnations.
   */
  returned(peer: AgentId): void {
    const { directory, deaths, votes } = this.#ports;
    if (directory.deathOf(peer) === undefined && !deaths.isAccused(peer)) votes.close(peer);
  }

  /** An own vote was signed. */
  share(vote: SignedVote, turn: Turn): void {
    const { directory, votes, deaths, probing } = this.#ports;
    const { subject, incarnation } = vote.vote;
    const known = directory.get(subject)?.entry.entry.incarnation;
    if (known === undefined || compareIncarnation(incarnation, known) < 0) return;
    if (!votes.take(vote, true, turn)) return;
    // Silence of so many is a partition more likely than so many deaths: a quorum is not to be had by asking everyone.
    if (vote.vote.evidence !== "refused" && !probing.findings.isCalm) votes.narrowLonger(subject, turn);
    this.#tellFellows(subject, [vote], turn);
    deaths.tally(subject, turn);
  }

  /** A session stands: its peer gets the votes on subjects that it observes too. */
  shareAll(peer: AgentId, turn: Turn): void {
    const { directory, observers, votes } = this.#ports;
    const healedMs = this.#healsUntilMs(peer, turn);
    for (const subject of votes.subjects()) {
      if (!observers.isObserver(peer, subject)) continue;
      if (healedMs !== undefined) {
        votes.holdBack(subject, healedMs);
        continue;
      }
      const held = votes.on(subject, directory.get(subject)?.entry.entry.incarnation);
      if (held.length > 0) turn.emit({ type: "send", to: peer, message: { type: "votes", votes: held } });
    }
  }

  /** A vote that `from` cast or passed on. */
  takeVote(vote: SignedVote, from: AgentId, turn: Turn): void {
    const { agent, directory, observers, votes, asking, probing, deaths } = this.#ports;
    const { subject, observer, incarnation } = vote.vote;
    if (subject === agent) {
      this.refute(incarnation, from, "a vote", turn);
      return;
    }
    const member = directory.get(subject);
    if (member === undefined || directory.standingOf(subject) !== "alive") return;
    if (catchUp(incarnation, member, from, turn) < 0) return;
    if (!votes.take(vote, observers.isAssigned(observer, subject), turn)) return;
    deaths.tally(subject, turn);
    if (directory.standingOf(subject) !== "alive") return;
    // The accused hears of it first, where the link to it lives; and this agent sees for itself at once, rather
    // than when its next probe is due.
    if (probing.hasLivingLink(subject)) asking.probe(subject, turn);
    probing.test(subject, turn);
  }

  /**
   * A death certificate that `from` made, or passed on where it is `published`. True when nothing here waited for it:
   * it changed the directory alone, if anything.
   */
  takeDeath(death: DeathCertificate, from: AgentId, turn: Turn, published = false): boolean {
    if (death.subject !== this.#ports.agent) return this.#ports.deaths.heard(death, from, turn, published);
    this.refute(death.incarnation, from, "a death certificate", turn);
    return false;
  }

  /** Deaths that `from` asks this agent to publish. */
  collect(deaths: readonly DeathCertificate[], from: AgentId, turn: Turn): void {
    const { agent } = this.#ports;
    for (const death of deaths) if (death.subject === agent) this.takeDeath(death, from, turn);
    const others = deaths.filter(({ subject }) => subject !== agent);
    this.#ports.deaths.collect(others, from, turn);
  }

  /** Whether there is anything to count again. */
  get hasCases(): boolean {
    return this.#ports.votes.count > 0 || this.#ports.deaths.undecidedCount > 0;
  }

  /** Observers of some changed: votes that did not count may count now, and new fellows have not heard of the case. */
  retally(concerned: Concerned, turn: Turn): void {
    const { votes, deaths, directory } = this.#ports;
    deaths.reconsider(turn);
    for (const subject of votes.subjects()) {
      if (!isConcerned(subject, concerned)) continue;
      const held = votes.on(subject, directory.get(subject)?.entry.entry.incarnation);
      if (votes.hasOwn(subject)) this.#tellFellows(subject, held, turn);
      deaths.tally(subject, turn);
    }
  }

  /** A session with a fellow observer could not be had: the next one hears of the cases. True where there are any. */
  missed(fellow: AgentId, turn: Turn): boolean {
    const { votes, directory } = this.#ports;
    const cases = votes.miss(fellow);
    for (const subject of cases) {
      const held = votes.on(subject, directory.get(subject)?.entry.entry.incarnation);
      this.#tellFellows(subject, held, turn);
    }
    return cases.length > 0;
  }

  /** Cases that the first of the fellow observers have not decided in time. */
  widen(turn: Turn): void {
    const { votes, directory } = this.#ports;
    for (const subject of votes.takeWidened(turn)) {
      const held = votes.on(subject, directory.get(subject)?.entry.entry.incarnation);
      this.#tellFellows(subject, held, turn);
    }
  }

  /** Fellow observers get votes, over sessions that are asked for where none stands. */
  #tellFellows(subject: AgentId, held: readonly SignedVote[], turn: Turn): void {
    const { agent, observers, links, probing, votes } = this.#ports;
    // Who is observed here and has no session is out of reach.
    const fellows = observers
      .of(subject)
      .observers.filter((fellow) => fellow !== agent && (links.has(fellow) || !probing.isObserved(fellow)));
    const missed = votes.missedIn(subject);
    const collectors = missed === undefined ? fellows : fellows.slice(0, collectorsCount + missed);
    const told = fellows.filter((fellow) => links.has(fellow) || collectors.includes(fellow));
    const ready = told.filter((fellow) => {
      const healedMs = this.#healsUntilMs(fellow, turn);
      if (healedMs !== undefined) votes.holdBack(subject, healedMs);
      return healedMs === undefined;
    });
    for (const fellow of votes.untold(subject, ready)) {
      if (!links.has(fellow)) links.invite(fellow, turn);
      else turn.emit({ type: "send", to: fellow, message: { type: "votes", votes: held } });
    }
  }

  /**
   * Until when a peer is told no votes on others that may be behind the same cut as it was; undefined for most. Where a
   * partition is likely that is anyone who comes and was not asked to, since this may be its end.
   */
  #healsUntilMs(peer: AgentId, turn: Turn): MonotonicMs | undefined {
    const { links, probing, settings } = this.#ports;
    const now = turn.now.monoMs;
    const watch = probing.watchOf(peer);
    const isUnasked = watch === undefined && !links.isGuest(peer) && !probing.findings.isCalm;
    const sinceMs = isUnasked ? now : (watch?.healedMs ?? NOT_YET);
    const untilMs = sinceMs + healedDials * settings.freshTimeoutMs;
    return untilMs > now ? untilMs : undefined;
  }
}
