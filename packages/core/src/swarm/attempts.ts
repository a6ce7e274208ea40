import type { DialResult } from "../contract/input.ts";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import type { Findings } from "./findings.ts";
import type { ProbingPorts } from "./probing.ts";
import { certifiedEvidence, evidenceOf, isLost, type Watch } from "./watch.ts";
import type { Watches } from "./watches.ts";

/** What attempts stand on. */
export interface AttemptsPorts extends ProbingPorts {
  readonly watches: Watches;
  readonly findings: Findings;
}

/** Two peers that both want a session do not both dial at once: the one with the greater id waits. Guesses. */
const dialDelayMs = 150;
const dialSpreadMs = 50;
/** When one lost peer is back, the way to the others may be open too. A guess. */
export const wayOpenSpreadMs = 200;
/** A body that does not say how a dial ended is not waited for beyond twice its time and this. A guess. */
const dialGraceMs = 1_000;

/** What is tried with one watched peer: probes, others' probes, fresh connections; and what each of them showed. */
export class Attempts {
  readonly #ports: AttemptsPorts;

  constructor(ports: AttemptsPorts) {
    this.#ports = ports;
  }

  /**
   * Where one probe goes out, those that would follow soon go too: answers that come together are due together, so
   * that an agent ends up with one wake an interval instead of one for each peer. Only where this agent is the first
   * of the pair to probe: else both would.
   */
  probeTogether(turn: Turn): void {
    const untilMs = turn.now.monoMs + this.#ports.settings.probeTogetherMs;
    for (const watch of this.#ports.watches) {
      if (watch.stage !== "idle" || watch.finding !== "reachable" || watch.duty !== "observe") continue;
      if (this.#ports.agent > watch.agent || !this.#ports.links.has(watch.agent)) continue;
      if (this.#probeMs(watch) <= untilMs) this.probe(watch, turn);
    }
  }

  /** The deadline of a watch has come. */
  due(watch: Watch, turn: Turn): void {
    switch (watch.stage) {
      case "idle":
        if (!this.#ports.links.has(watch.agent)) this.dial(watch, "session", turn);
        else if (watch.duty === "observe") this.#idle(watch, turn);
        return;
      case "probing":
        if (watch.heardMs >= watch.probedMs) this.rest(watch, turn);
        else this.unanswered(watch, "a probe went unanswered", turn);
        return;
      case "dialing":
        this.conclude(watch, "fresh", "failed", turn);
        return;
      default:
        throw new Error(`unknown stage ${watch.stage satisfies never}`);
    }
  }

  #idle(watch: Watch, turn: Turn): void {
    if (isLost(watch)) this.dial(watch, "fresh", turn);
    else if (this.#probeMs(watch) > turn.now.monoMs) {
      // Its own traffic came in time, as an answer would have.
      this.#ports.findings.health.answered();
      this.rest(watch, turn);
    } else this.probe(watch, turn);
  }

  /** Until the peer has been silent for an interval. */
  rest(watch: Watch, turn: Turn): void {
    watch.stage = "idle";
    this.#ports.watches.setDue(watch, Math.max(this.#probeMs(watch), turn.now.monoMs + 1));
  }

  /**
   * When a peer has been silent for long enough to be probed. Of a pair the one with the smaller id is the first,
   * so that one probe keeps both sides at rest.
   */
  #probeMs({ agent, heardMs }: Watch): MonotonicMs {
    const { probeIntervalMs, probeTimeoutMs } = this.#ports.settings;
    return heardMs + probeIntervalMs + (this.#ports.agent < agent ? 0 : Math.floor(probeTimeoutMs / 2));
  }

  /** Asks the peer whether it is there. */
  probe(watch: Watch, turn: Turn): void {
    watch.stage = "probing";
    watch.probedMs = turn.now.monoMs;
    watch.probe = this.#ports.asking.probe(watch.agent, turn);
    const { probeTimeoutMs } = this.#ports.settings;
    this.#ports.watches.setDue(watch, turn.now.monoMs + probeTimeoutMs * this.#ports.findings.health.factor);
  }

  /** Silence: others are asked, and a fresh connection is tried, both at once. */
  unanswered(watch: Watch, why: string, turn: Turn): void {
    this.#ports.findings.suspect(watch, why, turn);
    this.#askOthers(watch, turn);
    this.dial(watch, "fresh", turn);
    this.#ports.findings.health.missed();
  }

  #askOthers(watch: Watch, turn: Turn): void {
    watch.via = undefined;
    const helpers = this.#ports.links.list().filter((peer) => {
      const finding = this.#ports.watches.get(peer)?.finding ?? "reachable";
      return peer !== watch.agent && finding === "reachable";
    });
    const chosen = turn.random.sample(helpers, this.#ports.settings.indirectProbeCount);
    watch.asked = chosen;
    this.#ports.asking.askOthers(watch.agent, chosen, turn);
  }

  /** Tries a connection: to have a session, or to see for itself. */
  dial(watch: Watch, purpose: "session" | "fresh", turn: Turn): void {
    // Whoever is lost already is not wronged by impatience, and its return is noticed sooner.
    const factor = isLost(watch) ? 1 : this.#ports.findings.health.factor;
    const timeoutMs = this.#ports.settings.freshTimeoutMs * factor;
    watch.stage = "dialing";
    // Before a vote on silence, others are asked once more.
    if (this.#ports.findings.isVoteDue(watch, turn)) this.#askOthers(watch, turn);
    if (this.#ports.links.dial(watch.agent, purpose, timeoutMs, turn)) {
      this.#ports.watches.setDue(watch, turn.now.monoMs + 2 * timeoutMs + dialGraceMs);
    } else {
      this.conclude(watch, "fresh", "failed", turn);
    }
  }

  /** A connection was tried, and this came of it. */
  conclude(watch: Watch, purpose: "session" | "fresh", result: DialResult, turn: Turn): void {
    watch.stage = "idle";
    if (result === "connected") this.#reached(watch, purpose, turn);
    else if (watch.duty === "redial") {
      watch.evidence = evidenceOf(result);
      this.#tryAgain(watch, turn);
    } else if (result === "refused" && this.#ports.links.has(watch.agent) && watch.finding === "reachable") {
      // A session stands: the peer may only listen elsewhere by now.
      this.probe(watch, turn);
    } else {
      if (result === "failed") this.#ports.findings.health.missed();
      this.#ports.findings.lose(watch, evidenceOf(result), turn);
      this.#tryAgain(watch, turn);
    }
  }

  #reached(watch: Watch, purpose: "session" | "fresh", turn: Turn): void {
    watch.heardMs = turn.now.monoMs;
    if (isLost(watch) && this.#ports.links.has(watch.agent)) {
      // The session that stands was silent all the while: TCP may not try it again for as long as it was cut.
      turn.emit({ type: "hangUp", peer: watch.agent });
      this.#ports.links.closed(watch.agent);
    }
    if (this.#ports.links.has(watch.agent)) {
      this.rest(watch, turn);
    } else if (purpose === "fresh") {
      // It lives, and a session is still to come.
      this.dial(watch, "session", turn);
    } else {
      this.#ports.watches.setDue(watch, turn.now.monoMs + dialDelayMs);
    }
    this.recover(watch, turn);
  }

  #tryAgain(watch: Watch, turn: Turn): void {
    if (watch.lostMs === NEVER) watch.lostMs = turn.now.monoMs;
    this.#ports.watches.setDue(watch, this.#ports.findings.nextAttemptMs(watch, turn));
  }

  /** The peer was heard again. */
  recover(watch: Watch, turn: Turn): void {
    const wasLost = isLost(watch);
    this.#ports.findings.recover(watch, turn);
    if (wasLost) this.#wayMayBeOpen(turn);
  }

  /** One lost peer is back: the others are tried at once, since a healed partition heals for all. */
  #wayMayBeOpen(turn: Turn): void {
    for (const watch of this.#ports.watches) {
      if (watch.stage !== "idle" || !isLost(watch)) continue;
      const at = turn.now.monoMs + 1 + turn.random.below(wayOpenSpreadMs);
      if (this.#ports.watches.dueMs(watch) > at) this.#ports.watches.setDue(watch, at);
    }
  }

  /** A new watch; `known` is the one of another duty that it replaces. */
  begin(watch: Watch, known: Watch | undefined, turn: Turn): void {
    const now = turn.now.monoMs;
    const { agent: peer, duty } = watch;
    if (duty === "redial") {
      watch.finding = "unreachable";
      watch.lostMs = now;
      watch.evidence = certifiedEvidence(this.#ports.directory.deathOf(peer));
      this.#tryAgain(watch, turn);
    } else if (this.#ports.links.has(peer)) {
      watch.heardMs = known?.heardMs ?? now;
      this.#ports.watches.setDue(watch, now + 1 + turn.random.below(this.#ports.settings.probeIntervalMs));
    } else {
      const delayMs = this.#ports.agent < peer || known !== undefined ? 0 : dialDelayMs;
      this.#ports.watches.setDue(watch, now + delayMs + turn.random.below(dialSpreadMs));
    }
  }
}
