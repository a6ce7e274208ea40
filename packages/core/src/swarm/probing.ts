import type { AgentId } from "@antibody/policy";
import type { DialResult } from "../contract/input.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Incarnation } from "../contract/statements.ts";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import type { Settings } from "../settings.ts";
import type { Asking } from "./asking.ts";
import type { Directory } from "./directory.ts";
import { Findings } from "./findings.ts";
import type { Links } from "./links.ts";
import type { Assignment } from "./observers.ts";
import { certifiedEvidence, evidenceOf, isLost, meet, newWatch, type Watch } from "./watch.ts";
import { Watches } from "./watches.ts";

/** What probing stands on. */
export interface ProbingPorts {
  readonly agent: AgentId;
  readonly settings: Settings;
  readonly directory: Directory;
  readonly links: Links;
  readonly asking: Asking;
}

/** Two peers that both want a session do not both dial at once: the one with the greater id waits. Guesses. */
const dialDelayMs = 150;
const dialSpreadMs = 50;
/** When one lost peer is back, the way to the others may be open too. A guess. */
const wayOpenSpreadMs = 200;
/** A body that does not say how a dial ended is not waited for beyond twice its time and this. A guess. */
const dialGraceMs = 1_000;

interface ProbingDump {
  readonly watches: readonly Watch[];
  /** Of each watch. */
  readonly deadlines: readonly MonotonicMs[];
  readonly findings: Snapshot;
}

/**
 * Finds out whether observed peers are there. Any traffic is proof of life; silence leads to a probe, then at once
 * to probes through others and a fresh connection, whose refusal, silence or absence says what happened.
 */
export class Probing {
  readonly findings: Findings;
  readonly #ports: ProbingPorts;
  readonly #settings: Settings;
  readonly #links: Links;
  readonly #watches = new Watches();

  constructor(ports: ProbingPorts, snapshot?: Snapshot) {
    this.#ports = ports;
    this.#settings = ports.settings;
    this.#links = ports.links;
    const dump = snapshot === undefined ? undefined : recall<ProbingDump>(snapshot);
    this.#watches.replace((dump?.watches ?? []).map((watch) => ({ ...watch })));
    for (const [index, watch] of [...this.#watches].entries()) {
      this.#watches.setDue(watch, dump?.deadlines[index] ?? NEVER);
    }
    this.findings = new Findings(ports.directory, ports.settings, this.#watches, dump?.findings);
  }

  dump(): Snapshot {
    const dump: ProbingDump = {
      watches: [...this.#watches].map((watch) => ({ ...watch })),
      deadlines: [...this.#watches].map((watch) => this.#watches.dueMs(watch)),
      findings: this.findings.dump(),
    };
    return keep(dump);
  }

  get deadline(): MonotonicMs {
    return this.#watches.earliest();
  }

  /** Everyone watched, in order of agents. */
  watched(): readonly AgentId[] {
    return [...this.#watches].map(({ agent }) => agent);
  }

  /** The same, with what is known of them. */
  watches(): Iterable<Readonly<Watch>> {
    return this.#watches;
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  watchOf(peer: AgentId): Watch | undefined {
    return this.#watches.get(peer);
  }

  isObserved(peer: AgentId): boolean {
    return this.#watches.get(peer)?.duty === "observe";
  }

  /** A session stands and the peer spoke over it a moment ago. */
  hasLivingLink(peer: AgentId, turn: Turn): boolean {
    const watch = this.#watches.get(peer);
    if (watch === undefined || watch.finding !== "reachable" || !this.#links.has(peer)) return false;
    const { probeIntervalMs, probeTimeoutMs } = this.#settings;
    return turn.now.monoMs - watch.heardMs <= probeIntervalMs + probeTimeoutMs * this.findings.health.factor;
  }

  /** Watches exactly these from now on. */
  watchOnly(assignment: Assignment, turn: Turn): void {
    const { now } = turn;
    const before = new Map([...this.#watches].map((watch) => [watch.agent, watch]));
    const watchOf = (peer: AgentId, duty: Watch["duty"]): Watch => {
      const known = before.get(peer);
      return known?.duty === duty ? known : newWatch(peer, duty, now.monoMs);
    };
    const observed = assignment.observers.map((peer) => watchOf(peer, "observe"));
    const redialed = assignment.passed.map((peer) => watchOf(peer, "redial"));
    this.#watches.replace([...observed, ...redialed]);
    for (const watch of [...observed, ...redialed]) {
      const known = before.get(watch.agent);
      if (known !== watch) this.#begin(watch, known, turn);
    }
    this.findings.recount(turn);
  }

  /** Any traffic is proof of life. True when the peer was held reachable, and goes on being so. */
  hear(peer: AgentId, turn: Turn): boolean {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return true;
    const now = turn.now.monoMs;
    watch.heardMs = now;
    if (watch.finding !== "reachable") {
      if (!this.#links.has(peer)) return false;
      this.#rest(watch, turn);
      this.#recover(watch, turn);
      return false;
    }
    if (watch.stage === "idle" && watch.duty === "observe") {
      // Moving a deadline is cheaper than being woken to find that there is nothing to do.
      const at = this.#watches.dueMs(watch);
      if (at - now < this.#settings.probeIntervalMs / 2 && this.#links.has(peer)) this.#rest(watch, turn);
    }
    return true;
  }

  connected(peer: AgentId, incarnation: Incarnation, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return;
    watch.heardMs = turn.now.monoMs;
    meet(watch, incarnation);
    watch.stage = "idle";
    // Anywhere within the first interval, so that probes of many sessions that begin together spread out.
    this.#watches.setDue(watch, turn.now.monoMs + 1 + turn.random.below(this.#settings.probeIntervalMs));
    this.#recover(watch, turn);
  }

  /** A closed socket is a hint, tested at once by a fresh connection. */
  disconnected(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch === undefined || isLost(watch)) return;
    if (watch.duty === "redial") this.#watches.setDue(watch, turn.now.monoMs);
    else if (watch.stage !== "dialing") {
      this.findings.suspect(watch, "its session closed", turn);
      this.#dial(watch, "fresh", turn);
    }
  }

  /** A peer acknowledged a probe of this agent. */
  answered(peer: AgentId, sequence: number, incarnation: Incarnation, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return;
    meet(watch, incarnation);
    if (watch.stage !== "probing" || watch.probe !== sequence) return;
    watch.stage = "idle";
    this.#rest(watch, turn);
    this.findings.health.answered();
  }

  dialed(peer: AgentId, purpose: "session" | "fresh", result: DialResult, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return;
    if (watch.stage === "dialing") this.#conclude(watch, purpose, result, turn);
    else if (result === "connected") this.hear(peer, turn);
    // A dial for another purpose met a closed port: the peer's process is gone.
    else if (result === "refused" && !this.#links.has(peer)) this.#conclude(watch, purpose, result, turn);
  }

  /** A failed send is a failed probe. */
  unsent(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch?.duty !== "observe" || watch.stage === "dialing" || isLost(watch)) return;
    this.#unanswered(watch, "a message could not be sent", turn);
  }

  /** Others accuse a peer that this agent still holds reachable: it sees for itself, at once. */
  test(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch?.duty !== "observe" || watch.stage === "dialing" || isLost(watch)) return;
    this.#dial(watch, "fresh", turn);
  }

  /** Another says whether it reached a peer for this agent. */
  reported(subject: AgentId, helper: AgentId, turn: Turn): void {
    const watch = this.#watches.get(subject);
    if (watch === undefined || !watch.asked.includes(helper)) return;
    watch.asked = watch.asked.filter((asked) => asked !== helper);
    if (watch.finding !== "reachable") this.findings.reachedBy(watch, helper, turn);
  }

  /** The peer stated something newer: where it was lost, it may be found again. */
  renewed(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch !== undefined && watch.stage === "idle" && isLost(watch))
      this.#watches.setDue(watch, turn.now.monoMs);
  }

  /** Tells every session's digests at once: this agent holds something new. */
  probeAll(turn: Turn): void {
    for (const watch of this.#watches) {
      if (!this.#links.has(watch.agent)) continue;
      if (watch.stage === "idle" && watch.finding === "reachable") this.#probe(watch, turn);
      else this.#ports.asking.probe(watch.agent, turn);
    }
  }

  /** This agent itself did not run for a while: everyone gets a new chance. */
  slept(turn: Turn): void {
    const now = turn.now.monoMs;
    this.findings.health.missed();
    for (const watch of this.#watches) {
      this.findings.restart(watch, turn);
      watch.stage = "idle";
      // Long enough ago that each is probed again, soon but not all at once.
      if (!isLost(watch)) watch.heardMs = now - this.#settings.probeIntervalMs;
      this.#watches.setDue(watch, now + 1 + turn.random.below(wayOpenSpreadMs));
    }
  }

  due(turn: Turn): void {
    let hasProbed = false;
    for (;;) {
      const watch = this.#watches.takeDue(turn.now.monoMs);
      if (watch === undefined) break;
      const isIdle = watch.stage === "idle";
      this.#due(watch, turn);
      hasProbed ||= isIdle && watch.stage === "probing";
    }
    if (hasProbed) this.#probeTogether(turn);
  }

  /**
   * Where one probe goes out, those that would follow soon go too: answers that come together are due together, so
   * that an agent ends up with one wake an interval instead of one for each peer. Only where this agent is the first
   * of the pair to probe: else both would.
   */
  #probeTogether(turn: Turn): void {
    const untilMs = turn.now.monoMs + this.#settings.probeTogetherMs;
    for (const watch of this.#watches) {
      if (watch.stage !== "idle" || watch.finding !== "reachable" || watch.duty !== "observe") continue;
      if (this.#ports.agent > watch.agent || !this.#links.has(watch.agent)) continue;
      if (this.#probeMs(watch) <= untilMs) this.#probe(watch, turn);
    }
  }

  #due(watch: Watch, turn: Turn): void {
    switch (watch.stage) {
      case "idle":
        if (!this.#links.has(watch.agent)) this.#dial(watch, "session", turn);
        else if (watch.duty === "observe") this.#idle(watch, turn);
        return;
      case "probing":
        if (watch.heardMs >= watch.probedMs) this.#rest(watch, turn);
        else this.#unanswered(watch, "a probe went unanswered", turn);
        return;
      case "dialing":
        this.#conclude(watch, "fresh", "failed", turn);
        return;
      default:
        throw new Error(`unknown stage ${watch.stage satisfies never}`);
    }
  }

  #idle(watch: Watch, turn: Turn): void {
    if (isLost(watch)) this.#dial(watch, "fresh", turn);
    else if (this.#probeMs(watch) > turn.now.monoMs) {
      // Its own traffic came in time, as an answer would have.
      this.findings.health.answered();
      this.#rest(watch, turn);
    } else this.#probe(watch, turn);
  }

  /** Until the peer has been silent for an interval. */
  #rest(watch: Watch, turn: Turn): void {
    watch.stage = "idle";
    this.#watches.setDue(watch, Math.max(this.#probeMs(watch), turn.now.monoMs + 1));
  }

  /**
   * When a peer has been silent for long enough to be probed. Of a pair the one with the smaller id is the first,
   * so that one probe keeps both sides at rest.
   */
  #probeMs({ agent, heardMs }: Watch): MonotonicMs {
    const { probeIntervalMs, probeTimeoutMs } = this.#settings;
    return heardMs + probeIntervalMs + (this.#ports.agent < agent ? 0 : Math.floor(probeTimeoutMs / 2));
  }

  #probe(watch: Watch, turn: Turn): void {
    watch.stage = "probing";
    watch.probedMs = turn.now.monoMs;
    watch.probe = this.#ports.asking.probe(watch.agent, turn);
    const { probeTimeoutMs } = this.#settings;
    this.#watches.setDue(watch, turn.now.monoMs + probeTimeoutMs * this.findings.health.factor);
  }

  /** Silence: others are asked, and a fresh connection is tried, both at once. */
  #unanswered(watch: Watch, why: string, turn: Turn): void {
    this.findings.suspect(watch, why, turn);
    this.#askOthers(watch, turn);
    this.#dial(watch, "fresh", turn);
    this.findings.health.missed();
  }

  #askOthers(watch: Watch, turn: Turn): void {
    watch.via = undefined;
    const helpers = this.#links.list().filter((peer) => {
      const finding = this.#watches.get(peer)?.finding ?? "reachable";
      return peer !== watch.agent && finding === "reachable";
    });
    const chosen = turn.random.sample(helpers, this.#settings.indirectProbeCount);
    watch.asked = chosen;
    this.#ports.asking.askOthers(watch.agent, chosen, turn);
  }

  #dial(watch: Watch, purpose: "session" | "fresh", turn: Turn): void {
    // Whoever is lost already is not wronged by impatience, and its return is noticed sooner.
    const factor = isLost(watch) ? 1 : this.findings.health.factor;
    const timeoutMs = this.#settings.freshTimeoutMs * factor;
    watch.stage = "dialing";
    // Before a vote on silence, others are asked once more.
    if (this.findings.isVoteDue(watch, turn)) this.#askOthers(watch, turn);
    if (this.#links.dial(watch.agent, purpose, timeoutMs, turn)) {
      this.#watches.setDue(watch, turn.now.monoMs + 2 * timeoutMs + dialGraceMs);
    } else {
      this.#conclude(watch, "fresh", "failed", turn);
    }
  }

  #conclude(watch: Watch, purpose: "session" | "fresh", result: DialResult, turn: Turn): void {
    watch.stage = "idle";
    if (result === "connected") this.#reached(watch, purpose, turn);
    else if (watch.duty === "redial") {
      watch.evidence = evidenceOf(result);
      this.#tryAgain(watch, turn);
    } else if (result === "refused" && this.#links.has(watch.agent) && watch.finding === "reachable") {
      // A session stands: the peer may only listen elsewhere by now.
      this.#probe(watch, turn);
    } else {
      if (result === "failed") this.findings.health.missed();
      this.findings.lose(watch, evidenceOf(result), turn);
      this.#tryAgain(watch, turn);
    }
  }

  #reached(watch: Watch, purpose: "session" | "fresh", turn: Turn): void {
    watch.heardMs = turn.now.monoMs;
    if (isLost(watch) && this.#links.has(watch.agent)) {
      // The session that stands was silent all the while: TCP may not try it again for as long as it was cut.
      turn.emit({ type: "hangUp", peer: watch.agent });
      this.#links.closed(watch.agent);
    }
    if (this.#links.has(watch.agent)) {
      this.#rest(watch, turn);
    } else if (purpose === "fresh") {
      // It lives, and a session is still to come.
      this.#dial(watch, "session", turn);
    } else {
      this.#watches.setDue(watch, turn.now.monoMs + dialDelayMs);
    }
    this.#recover(watch, turn);
  }

  #tryAgain(watch: Watch, turn: Turn): void {
    if (watch.lostMs === NEVER) watch.lostMs = turn.now.monoMs;
    this.#watches.setDue(watch, this.findings.nextAttemptMs(watch, turn));
  }

  #recover(watch: Watch, turn: Turn): void {
    const wasLost = isLost(watch);
    this.findings.recover(watch, turn);
    if (wasLost) this.#wayMayBeOpen(turn);
  }

  /** One lost peer is back: the others are tried at once, since a healed partition heals for all. */
  #wayMayBeOpen(turn: Turn): void {
    for (const watch of this.#watches) {
      if (watch.stage !== "idle" || !isLost(watch)) continue;
      const at = turn.now.monoMs + 1 + turn.random.below(wayOpenSpreadMs);
      if (this.#watches.dueMs(watch) > at) this.#watches.setDue(watch, at);
    }
  }

  /** A new watch; `known` is the one of another duty that it replaces. */
  #begin(watch: Watch, known: Watch | undefined, turn: Turn): void {
    const now = turn.now.monoMs;
    const { agent: peer, duty } = watch;
    if (duty === "redial") {
      watch.finding = "unreachable";
      watch.lostMs = now;
      watch.evidence = certifiedEvidence(this.#ports.directory.deathOf(peer));
      this.#tryAgain(watch, turn);
    } else if (this.#links.has(peer)) {
      watch.heardMs = known?.heardMs ?? now;
      this.#watches.setDue(watch, now + 1 + turn.random.below(this.#settings.probeIntervalMs));
    } else {
      const delayMs = this.#ports.agent < peer || known !== undefined ? 0 : dialDelayMs;
      this.#watches.setDue(watch, now + delayMs + turn.random.below(dialSpreadMs));
    }
  }
}
