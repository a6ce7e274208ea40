import type { AgentId } from "@antibody/policy";
import type { MonotonicMs } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import type { Settings } from "../../settings.ts";
import { type Asking, outOfTurn } from "../asking.ts";
import type { Links } from "../links.ts";
import type { Findings } from "./findings.ts";
import { readsFirstUntilMs, type Watch } from "./watch.ts";
import type { Watches } from "./watches.ts";

/** What looks stand on. */
export interface LooksPorts {
  readonly agent: AgentId;
  readonly settings: Settings;
  readonly links: Links;
  readonly asking: Asking;
}

/** When a watched peer is asked whether it is there, over the session that stands: in its turn, or out of it. */
export class Looks {
  readonly #agent: AgentId;
  readonly #settings: Settings;
  readonly #links: Links;
  readonly #asking: Asking;
  readonly #watches: Watches;
  readonly #findings: Findings;

  constructor({ agent, settings, links, asking }: LooksPorts, watches: Watches, findings: Findings) {
    this.#agent = agent;
    this.#settings = settings;
    this.#links = links;
    this.#asking = asking;
    this.#watches = watches;
    this.#findings = findings;
  }

  /**
   * Nobody has looked at this agent for long, nor it at anyone: the look that would come next comes now, as if an
   * interval were over. So looks end up evenly apart, and somebody soon looks at an agent that falls silent.
   */
  lookAhead(turn: Turn): void {
    let next: Watch | undefined;
    for (const watch of this.#watches) {
      // First by time: whether it is at rest takes longer to see, and few are the earliest so far.
      if ((next === undefined || watch.lookedMs < next.lookedMs) && this.#isAtRest(watch)) next = watch;
    }
    if (next === undefined) return;
    const lookedMs = turn.now.monoMs - this.#findings.pace.intervalMs;
    // What comes in a moment anyway is left to come: two that look ahead would else look at each other at once.
    if (next.lookedMs <= lookedMs + this.#settings.probeTimeoutMs) return;
    next.lookedMs = lookedMs;
    this.#watches.setDue(next, this.#lookMs(next));
  }

  /** A peer has looked at this agent in turn, and will do so no sooner than in an interval. */
  lookedAt(watch: Watch, turn: Turn): void {
    watch.lookedMs = turn.now.monoMs;
    if (!this.#isAtRest(watch)) return;
    // It came in time, as an answer would have.
    this.#findings.health.answered();
    this.rest(watch, turn);
  }

  /** Another misses a peer: this agent asks it too, out of turn. */
  lookToo(watch: Watch, turn: Turn): void {
    if (this.#isAtRest(watch)) this.ask(watch, turn);
  }

  /** Fewer peers are in reach: the looks at each come sooner. */
  hurry(turn: Turn): void {
    for (const watch of this.#watches) {
      if (!this.#isAtRest(watch)) continue;
      const at = Math.max(this.#lookMs(watch), turn.now.monoMs + 1);
      if (at < this.#watches.dueMs(watch)) this.#watches.setDue(watch, at);
    }
  }

  /** Observed over a session, and nothing is under way. */
  #isAtRest({ agent, duty, stage, finding }: Watch): boolean {
    if (stage !== "idle" || duty !== "observe" || finding !== "reachable") return false;
    return this.#links.has(agent);
  }

  /** Until the next look in turn. */
  rest(watch: Watch, turn: Turn): void {
    watch.stage = "idle";
    this.#watches.setDue(watch, Math.max(this.#lookMs(watch), turn.now.monoMs + 1));
  }

  /**
   * When the two are to look at each other again. Of a pair the one with the smaller id is the first, so that one probe
   * keeps both sides at rest.
   */
  #lookMs({ agent, lookedMs }: Watch): MonotonicMs {
    const laterMs = this.#agent < agent ? 0 : Math.floor(this.#settings.probeTimeoutMs / 2);
    return lookedMs + this.#findings.pace.intervalMs + laterMs;
  }

  /** The deadline of a peer has come: its look is due, or it is to be asked before that. */
  next(watch: Watch, turn: Turn): void {
    if (this.#lookMs(watch) > turn.now.monoMs) this.ask(watch, turn);
    else this.#look(watch, turn);
  }

  /** A look in turn. */
  #look(watch: Watch, turn: Turn): void {
    watch.probe = this.#asking.look(watch.agent, turn);
    watch.lookedMs = turn.now.monoMs;
    this.#findings.looked(turn);
    this.#awaitAnswer(watch, turn);
  }

  /** Asks the peer whether it is there, out of turn. */
  ask(watch: Watch, turn: Turn): void {
    this.#asking.probe(watch.agent, turn);
    watch.probe = outOfTurn;
    this.#awaitAnswer(watch, turn);
  }

  #awaitAnswer(watch: Watch, turn: Turn): void {
    watch.stage = "probing";
    watch.probedMs = turn.now.monoMs;
    watch.isOverdue = false;
    this.#watches.setDue(watch, turn.now.monoMs + this.#answerMs(turn));
  }

  /** An agent that was starved has its answer read first: true when the deadline was put off for that. */
  readsFirst(watch: Watch, turn: Turn): boolean {
    const untilMs = readsFirstUntilMs(watch, this.#answerMs(turn), turn.now.monoMs);
    if (untilMs === undefined) return false;
    watch.isOverdue = true;
    this.#watches.setDue(watch, untilMs);
    return true;
  }

  /** How long an answer to a probe may take. */
  #answerMs(turn: Turn): number {
    return this.#settings.probeTimeoutMs * this.#findings.waitFactor(turn);
  }

  /** The fault may be this agent's own, or that of many: those not heard a moment ago are asked, out of turn. */
  lookAround(turn: Turn): void {
    const sinceMs = turn.now.monoMs - this.#settings.probeTimeoutMs;
    for (const watch of this.#watches) if (watch.heardMs < sinceMs) this.lookToo(watch, turn);
  }

  /** A session begins: the first look is anywhere within the first interval, so that looks at many spread out. */
  firstLook(watch: Watch, turn: Turn): void {
    const { intervalMs } = this.#findings.pace;
    watch.lookedMs = turn.now.monoMs + 1 + turn.random.below(intervalMs) - intervalMs;
    this.rest(watch, turn);
  }
}
