import type { DialResult } from "../../contract/input.ts";
import { type MonotonicMs, NEVER, NOT_YET } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { outOfTurn } from "../asking.ts";
import type { Directory } from "../members/directory.ts";
import type { Findings } from "./findings.ts";
import type { Looks, LooksPorts } from "./looks.ts";
import type { Observers } from "./observers.ts";
import { soonMs } from "./redial.ts";
import type { Returning } from "./returning.ts";
import { certifiedEvidence, evidenceOf, isLost, isSilent, isUnmet, type Watch } from "./watch.ts";
import type { Watches } from "./watches.ts";

/** What attempts stand on. */
export interface AttemptsPorts extends LooksPorts {
  readonly directory: Directory;
  readonly observers: Observers;
}

/**
 * Two peers that both want a session do not both dial at once: the one with the greater id waits, for as long as a
 * handshake may take where many start together. For its first sessions it does not: by them the others hear that it is
 * there. Guesses.
 */
const dialDelayMs = 1_000;
const dialSpreadMs = 50;
const firstSessions = 2;
/**
 * Where many sessions are made, so many peers that were not heard yet are dialed at once, of those whose dial began within so
 * long. Guesses: real agents, 12 on one busy core, all started at once, made 134 handshakes for their 66 sessions instead of
 * 204 to 231 while dials of lost peers counted too.
 */
const meetingsMax = 2;
const meetingMsMax = 1_000;
const meetAgainMs = 20;
/** A session that a dial has told of may come so much later. A guess. */
const sessionGraceMs = 150;
/**
 * Where the host of a peer has accepted and said nothing, the next dial may take so many times as long: the peer, or this
 * agent, may only be busy. A guess.
 */
export const patientDials = 2;
/** A body that does not say how a dial ended is not waited for beyond twice its time and this. A guess. */
const dialGraceMs = 1_000;

/** What is tried with one watched peer that does not answer: others' probes, fresh connections; and what they showed. */
export class Attempts {
  readonly #ports: AttemptsPorts;
  readonly #watches: Watches;
  readonly #findings: Findings;
  readonly #looks: Looks;
  readonly #returning: Returning;

  constructor(
    ports: AttemptsPorts,
    watches: Watches,
    findings: Findings,
    looks: Looks,
    returning: Returning,
  ) {
    this.#ports = ports;
    this.#watches = watches;
    this.#findings = findings;
    this.#looks = looks;
    this.#returning = returning;
  }

  /** The deadline of a watch has come. */
  due(watch: Watch, turn: Turn): void {
    switch (watch.stage) {
      case "idle":
        if (!this.#ports.links.has(watch.agent)) this.#meet(watch, turn);
        else if (watch.duty === "observe" || isLost(watch)) this.#idle(watch, turn);
        return;
      case "probing":
        if (watch.heardMs >= watch.probedMs) this.#looks.rest(watch, turn);
        else if (!this.#looks.readsFirst(watch, turn))
          this.unanswered(watch, "a probe went unanswered", turn);
        return;
      case "dialing":
        this.conclude(watch, "fresh", "failed", turn);
        return;
      default:
        throw new Error(`unknown stage ${watch.stage satisfies never}`);
    }
  }

  /**
   * Has a session stand. Where many are made, few peers that were not heard yet are dialed at once: handshakes that share a
   * processor end all together, and beyond their time they are given up at either end and begun anew.
   */
  #meet(watch: Watch, turn: Turn): void {
    if (isUnmet(watch) && this.#findings.isBusy(turn) && this.#meetingsUnderWay(turn) >= meetingsMax)
      this.#watches.setDue(watch, turn.now.monoMs + meetAgainMs);
    else this.dial(watch, "session", turn);
  }

  /** Those that have taken long already keep nobody from others, nor do dials of who is lost: these go on for ever. */
  #meetingsUnderWay({ now }: Turn): number {
    let count = 0;
    for (const watch of this.#watches)
      if (watch.stage === "dialing" && isUnmet(watch) && now.monoMs - watch.probedMs < meetingMsMax)
        count += 1;
    return count;
  }

  #idle(watch: Watch, turn: Turn): void {
    if (isLost(watch)) this.#dialLost(watch, turn);
    else this.#looks.next(watch, turn);
  }

  /**
   * What stood through a long outage makes room for what the dial may bring: of a fresh connection beside it nothing
   * would be left but the proof, and the session would cost a second handshake.
   */
  #dialLost(watch: Watch, turn: Turn): void {
    if (this.#isOutageLong(watch, turn)) this.#endSilent(watch, turn);
    this.dial(watch, this.#ports.links.has(watch.agent) ? "fresh" : "session", turn);
  }

  /** TCP tries a session again that much later, at most: too late to be waited for. */
  #isOutageLong({ finding, outage: { lostMs } }: Watch, { now }: Turn): boolean {
    return finding === "unreachable" && now.monoMs - lostMs >= this.#ports.settings.probeIntervalMs;
  }

  /** Silence: others are asked, and a fresh connection is tried, both at once. */
  unanswered(watch: Watch, why: string, turn: Turn): void {
    const isProbed = watch.stage === "probing";
    const isAsked = isProbed && watch.probe === outOfTurn;
    watch.outage = { ...watch.outage, isFirst: isProbed && !isAsked };
    this.#findings.suspect(watch, why, turn);
    this.#askOthers(watch, turn);
    this.dial(watch, "fresh", turn);
    this.#looks.lookAround(turn);
    // What was asked on the suspicion that a look in turn had raised says the same once more.
    if (!isAsked) this.#findings.health.missed();
  }

  /** Others in reach: so many as SWIM asks. Who is the first to miss an answer asks all who observe the peer too. */
  #askOthers(watch: Watch, turn: Turn): void {
    const { links, observers, settings, asking } = this.#ports;
    watch.outage = { ...watch.outage, via: undefined };
    const helpers = links.list().filter((peer) => {
      const finding = this.#watches.get(peer)?.finding ?? "reachable";
      return peer !== watch.agent && finding === "reachable";
    });
    const chosen = turn.random.sample(helpers, settings.indirectProbeCount);
    if (watch.outage.isFirst && watch.finding === "suspected") {
      const fellows = observers.of(watch.agent).observers;
      chosen.push(...helpers.filter((peer) => fellows.includes(peer) && !chosen.includes(peer)));
    }
    watch.outage = { ...watch.outage, asked: chosen };
    asking.askOthers(watch.agent, chosen, turn);
  }

  /** Tries a connection: to have a session, or to see for itself. */
  dial(watch: Watch, purpose: "session" | "fresh", turn: Turn): void {
    const timeoutMs = this.#ports.settings.freshTimeoutMs * this.#dialFactor(watch, turn);
    watch.stage = "dialing";
    watch.probedMs = turn.now.monoMs;
    watch.isUrged = false;
    // Before a vote on silence, others are asked once more.
    if (this.#findings.isVoteDue(watch, turn)) this.#askOthers(watch, turn);
    if (this.#ports.links.dial(watch.agent, purpose, timeoutMs, turn)) {
      this.#watches.setDue(watch, turn.now.monoMs + 2 * timeoutMs + dialGraceMs);
    } else {
      this.conclude(watch, "fresh", "failed", turn);
    }
  }

  /** Whoever is lost already is not wronged by impatience, and its return is noticed sooner. */
  #dialFactor(watch: Watch, turn: Turn): number {
    const patience = watch.outage.hasStalled && watch.finding !== "unreachable" ? patientDials : 1;
    if (isLost(watch)) return patience;
    const { health } = this.#findings;
    return Math.max(isUnmet(watch) ? health.factor : this.#findings.waitFactor(turn), patience);
  }

  /** A connection was tried, and this came of it. */
  conclude(watch: Watch, purpose: "session" | "fresh", result: DialResult, turn: Turn): void {
    watch.stage = "idle";
    if (result === "connected") this.#reached(watch, purpose, turn);
    else if (watch.duty === "redial") {
      watch.outage = { ...watch.outage, evidence: evidenceOf(result) };
      this.#tryAgain(watch, turn);
    } else if (this.#mayBeBack(watch, result, turn)) {
      this.#returning.planSession(watch, turn);
    } else if (result === "silent" && isUnmet(watch) && !watch.outage.hasStalled) {
      // It may be as busy with its start as this agent is; its handshake goes on.
      watch.outage = { ...watch.outage, hasStalled: true };
      this.dial(watch, "session", turn);
    } else if (result === "refused" && this.#ports.links.has(watch.agent) && watch.finding === "reachable") {
      // A session stands: the peer may only listen elsewhere by now.
      this.#looks.ask(watch, turn);
    } else {
      if (result === "failed") this.#findings.health.missed();
      this.#findings.lose(watch, evidenceOf(result), turn);
      this.#tryAgain(watch, turn);
      this.#looks.hurry(turn);
    }
  }

  /** Taken for back: a dial that was begun while the way was closed has shown nothing, nor has a host that is busy. */
  #mayBeBack(watch: Watch, result: DialResult, turn: Turn): boolean {
    const isBusy = result === "silent" && this.#findings.isHealing(turn);
    return isUnmet(watch) && (isBusy || (watch.isUrged && result !== "refused"));
  }

  #reached(watch: Watch, purpose: "session" | "fresh", turn: Turn): void {
    watch.heardMs = turn.now.monoMs;
    const wasMute = watch.isMute;
    watch.isMute = watch.finding === "suspected";
    if ((isLost(watch) || wasMute) && this.#ports.links.has(watch.agent)) this.#endSilent(watch, turn);
    if (this.#ports.links.has(watch.agent)) {
      this.#looks.rest(watch, turn);
      // It lives; the session may be dead all the same.
      const at = turn.now.monoMs + this.#ports.settings.probeIntervalMs;
      if (at < this.#watches.dueMs(watch)) this.#watches.setDue(watch, at);
    } else if (purpose === "fresh") {
      // It lives, and a session is still to come.
      this.dial(watch, "session", turn);
    } else {
      this.#watches.setDue(watch, turn.now.monoMs + sessionGraceMs);
    }
    this.recover(watch, turn);
  }

  #tryAgain(watch: Watch, turn: Turn): void {
    if (watch.outage.lostMs === NEVER) watch.outage = { ...watch.outage, lostMs: turn.now.monoMs };
    const at = watch.isUrged
      ? soonMs(this.#ports.agent, watch.agent, turn)
      : this.#findings.nextAttemptMs(watch, this.#plannedBeside(watch), turn);
    this.#watches.setDue(watch, at);
  }

  /** When others are to be dialed that are as silent as a lost peer; those under way have been. */
  #plannedBeside(watch: Watch): readonly MonotonicMs[] {
    const planned: MonotonicMs[] = [];
    if (watch.duty !== "observe" || !isSilent(watch)) return planned;
    for (const other of this.#watches) {
      if (other === watch || other.duty !== "observe" || !isSilent(other)) continue;
      planned.push(other.stage === "idle" ? this.#watches.dueMs(other) : NOT_YET);
    }
    return planned;
  }

  /** What stood was silent all the while: TCP may not try it again for as long as it was cut. */
  #endSilent(watch: Watch, turn: Turn): void {
    watch.isMute = false;
    this.#ports.links.hangUp(watch.agent, turn);
  }

  /**
   * Heard over the session that stood, or by a dial for another purpose. After an outage the other direction of that
   * session may be silent for long: another one is made, once the dial that is under way has ended.
   */
  heardAgain(watch: Watch, turn: Turn): void {
    if (!this.#isOutageLong(watch, turn)) {
      this.#looks.rest(watch, turn);
      this.recover(watch, turn);
    } else if (watch.stage === "dialing") {
      watch.outage = { ...watch.outage, silentMs: NEVER };
      this.#returning.wayMayBeOpen(turn);
    } else {
      this.#endSilent(watch, turn);
      // Both ends hear each other at about the same time, and one session is enough.
      if (this.#ports.agent < watch.agent) this.dial(watch, "session", turn);
      else this.#watches.setDue(watch, turn.now.monoMs + dialDelayMs);
      this.recover(watch, turn);
    }
  }

  /** The peer was heard again. */
  recover(watch: Watch, turn: Turn): void {
    const wasLost = isLost(watch);
    // Where others are back by their words, few are lost by now.
    const wasApart = wasLost && (!this.#findings.isCalm || this.#findings.isHealing(turn));
    this.#findings.recover(watch, turn);
    if (wasApart) this.#returning.excuseAll(turn);
    if (wasLost) this.#returning.wayMayBeOpen(turn);
  }

  /** A new watch; `known` is the one of another duty that it replaces, and `before` those that begin before it now. */
  begin(watch: Watch, known: Watch | undefined, before: number, turn: Turn): void {
    const now = turn.now.monoMs;
    const { agent: peer, duty } = watch;
    // Else it would pass for a session again when the peer is held alive again.
    if (known?.finding === "unreachable" && this.#ports.links.has(peer)) this.#endSilent(watch, turn);
    if (duty === "redial") {
      watch.finding = "unreachable";
      watch.outage = { ...watch.outage, lostMs: now };
      watch.outage = { ...watch.outage, evidence: certifiedEvidence(this.#ports.directory.deathOf(peer)) };
      this.#tryAgain(watch, turn);
    } else if (this.#ports.links.has(peer)) {
      watch.heardMs = known?.heardMs ?? now;
      this.#looks.firstLook(watch, turn);
    } else if (known !== undefined) {
      this.#returning.planSession(watch, turn);
    } else {
      const isFirst = this.#ports.links.list().length + before < firstSessions;
      const delayMs = isFirst || this.#ports.agent < peer ? 0 : dialDelayMs;
      this.#watches.setDue(watch, now + delayMs + turn.random.below(dialSpreadMs));
    }
  }
}
