import type { AgentId } from "@antibody/policy";
import type { DialResult } from "../../contract/input.ts";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { Incarnation } from "../../contract/statements.ts";
import { type MonotonicMs, NEVER } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import { outOfTurn } from "../asking.ts";
import type { Links } from "../links.ts";
import { Attempts, type AttemptsPorts } from "./attempts.ts";
import { Findings } from "./findings.ts";
import { Looks } from "./looks.ts";
import type { Assignment } from "./observers.ts";
import { wayOpenSpreadMs } from "./redial.ts";
import { Returning, type Word } from "./returning.ts";
import { type DumpedWatch, isLost, isUnmet, meet, Watch } from "./watch.ts";
import { Watches } from "./watches.ts";

/** Until the dial of a session that takes the place of a silent one has shown something: so many times its time. A guess. */
const heardSinceDials = 2;

interface ProbingDump {
  readonly watches: readonly DumpedWatch[];
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
  readonly #ports: AttemptsPorts;
  readonly #links: Links;
  readonly #watches = new Watches();
  readonly #looks: Looks;
  readonly #returning: Returning;
  readonly #attempts: Attempts;
  /** The one that was asked for last; undefined after a restore. */
  #assignment: Assignment | undefined;

  constructor(ports: AttemptsPorts, snapshot?: Snapshot) {
    this.#ports = ports;
    this.#links = ports.links;
    const dump = snapshot === undefined ? undefined : recall<ProbingDump>(snapshot);
    this.#watches.replace((dump?.watches ?? []).map((watch) => Watch.of(watch)));
    for (const [index, watch] of [...this.#watches].entries()) {
      this.#watches.setDue(watch, dump?.deadlines[index] ?? NEVER);
    }
    this.findings = new Findings(
      ports.directory,
      ports.observers,
      ports.settings,
      this.#watches,
      dump?.findings,
    );
    this.#looks = new Looks(ports, this.#watches, this.findings);
    this.#returning = new Returning(ports, this.#watches, this.findings);
    this.#attempts = new Attempts(ports, this.#watches, this.findings, this.#looks, this.#returning);
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
    return Math.min(this.#watches.earliest(), this.findings.quietUntilMs);
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

  /** This agent has just started, or a partition has just ended, and sessions are still to be made. */
  hasSessionsToMake(turn: Turn): boolean {
    if (!this.findings.isBusy(turn)) return false;
    for (const watch of this.#watches) if (isUnmet(watch)) return true;
    return false;
  }

  isObserved(peer: AgentId): boolean {
    return this.#watches.get(peer)?.duty === "observe";
  }

  /** A session stands, and nothing speaks against it here. That may be an old word: who relies on it looks at once. */
  hasLivingLink(peer: AgentId): boolean {
    return this.#watches.get(peer)?.finding === "reachable" && this.#links.has(peer);
  }

  /** The same; or the peer was heard a moment ago, and a new session is on its way. */
  isLiving(peer: AgentId, turn: Turn): boolean {
    const watch = this.#watches.get(peer);
    if (watch?.finding !== "reachable") return false;
    const sinceMs = turn.now.monoMs - heardSinceDials * this.#ports.settings.freshTimeoutMs;
    return this.#links.has(peer) || watch.heardMs >= sinceMs;
  }

  /** Watches exactly these from now on. True unless it did already: nearly whoever comes and goes does so elsewhere. */
  watchOnly(assignment: Assignment, turn: Turn): boolean {
    const isOther = assignment !== this.#assignment && !this.#watchesExactly(assignment);
    this.#assignment = assignment;
    if (isOther) this.#exchange(assignment, turn);
    else if (!this.findings.isOfOtherMesh) return false;
    this.findings.recount(turn);
    this.#looks.hurry(turn);
    return true;
  }

  /** By what is watched, not by what was asked for last: an agent that was restored knows no more. */
  #watchesExactly({ observers, passed }: Assignment): boolean {
    if (observers.length + passed.length !== this.#watches.size) return false;
    const isWatched = (peers: readonly AgentId[], duty: Watch["duty"]): boolean =>
      peers.every((peer) => this.#watches.get(peer)?.duty === duty);
    return isWatched(observers, "observe") && isWatched(passed, "redial");
  }

  #exchange(assignment: Assignment, turn: Turn): void {
    const { now } = turn;
    const before = new Map([...this.#watches].map((watch) => [watch.agent, watch]));
    const watchOf = (peer: AgentId, duty: Watch["duty"]): Watch => {
      const known = before.get(peer);
      return known?.duty === duty ? known : new Watch(peer, duty, now.monoMs);
    };
    const observed = assignment.observers.map((peer) => watchOf(peer, "observe"));
    const redialed = assignment.passed.map((peer) => watchOf(peer, "redial"));
    this.#watches.replace([...observed, ...redialed]);
    const begun = [...observed, ...redialed].filter((watch) => before.get(watch.agent) !== watch);
    if (begun.length > 0) this.findings.looked(turn);
    // By chance, or all would begin with the same few.
    for (const [count, watch] of turn.random.sample(begun, begun.length).entries()) {
      this.#attempts.begin(watch, before.get(watch.agent), count, turn);
    }
    for (const peer of before.keys())
      if (this.#watches.get(peer) === undefined) this.#links.lapse(peer, turn);
  }

  /** Any traffic is proof of life. True when the peer was held reachable, and goes on being so. */
  hear(peer: AgentId, turn: Turn): boolean {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return true;
    watch.heardMs = turn.now.monoMs;
    watch.isMute = false;
    if (watch.finding === "reachable") return true;
    if (this.#links.has(peer)) this.#attempts.heardAgain(watch, turn);
    return false;
  }

  /** A peer looks at this agent, in turn. */
  lookedAt(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return;
    this.findings.looked(turn);
    this.#looks.lookedAt(watch, turn);
  }

  /** Another misses a peer that this agent still holds reachable: it asks, out of turn. */
  lookToo(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch !== undefined) this.#looks.lookToo(watch, turn);
  }

  connected(peer: AgentId, incarnation: Incarnation, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return;
    watch.heardMs = turn.now.monoMs;
    meet(watch, incarnation);
    this.#looks.firstLook(watch, turn);
    this.#attempts.recover(watch, turn);
  }

  /** A closed socket is a hint, tested at once by a fresh connection. */
  disconnected(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return;
    if (isLost(watch)) {
      if (watch.duty === "observe") this.#returning.trySoon(watch, 0, turn);
    } else if (watch.duty === "redial") this.#watches.setDue(watch, turn.now.monoMs);
    else if (watch.stage !== "dialing") {
      this.findings.suspect(watch, "its session closed", turn);
      this.#attempts.dial(watch, "fresh", turn);
    }
  }

  /** A peer acknowledged a probe of this agent. */
  answered(peer: AgentId, sequence: number, incarnation: Incarnation, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return;
    meet(watch, incarnation);
    if (watch.stage !== "probing" || watch.probe !== sequence) return;
    this.#looks.rest(watch, turn);
    if (sequence !== outOfTurn) this.findings.health.answered();
  }

  dialed(peer: AgentId, purpose: "session" | "fresh", result: DialResult, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return;
    // Somebody else has asked for it, while the dial for a session is given its time.
    if (purpose === "fresh" && result === "silent" && isUnmet(watch) && watch.outage.hasStalled) return;
    if (watch.stage === "dialing") this.#attempts.conclude(watch, purpose, result, turn);
    else if (result === "connected") this.hear(peer, turn);
    // A dial for another purpose met a closed port: the peer's process is gone.
    else if (result === "refused" && !this.#links.has(peer))
      this.#attempts.conclude(watch, purpose, result, turn);
  }

  /** A failed send is a failed probe. */
  unsent(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch?.duty !== "observe" || watch.stage === "dialing" || isLost(watch)) return;
    this.#attempts.unanswered(watch, "a message could not be sent", turn);
  }

  /**
   * Others accuse a peer that this agent still holds reachable: it sees for itself, at once. Whom it has just heard it
   * asks over the session, since they may speak of what is over: after a heal each would else shake hands once more.
   */
  test(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch?.duty !== "observe" || watch.stage === "dialing" || isLost(watch)) return;
    // It said itself that it is back, and a session with it is on its way, which shows the same.
    if (isUnmet(watch) && this.findings.isHealing(turn)) return;
    const sinceMs = turn.now.monoMs - this.#ports.settings.probeTimeoutMs;
    if (this.hasLivingLink(peer) && watch.heardMs >= sinceMs) this.#looks.lookToo(watch, turn);
    else this.#attempts.dial(watch, "fresh", turn);
  }

  /** Another says whether it reached a peer for this agent. */
  reported(subject: AgentId, helper: AgentId, turn: Turn): void {
    const watch = this.#watches.get(subject);
    if (watch === undefined || !watch.outage.asked.includes(helper)) return;
    watch.outage = { ...watch.outage, asked: watch.outage.asked.filter((asked) => asked !== helper) };
    if (watch.finding !== "reachable") this.findings.reachedBy(watch, helper, turn);
  }

  /** The peer stated something newer: where it was lost, it may be found again. */
  renewed(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch !== undefined && watch.stage === "idle" && isLost(watch))
      this.#watches.setDue(watch, turn.now.monoMs);
  }

  /** The same by gossip, so that it has said so just now. */
  spoke(peer: AgentId, word: Word, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch !== undefined && isLost(watch)) {
      if (this.#returning.isBack(watch, word, turn)) this.#returning.excuse(watch, turn);
      else this.renewed(peer, turn);
    }
    // Who is back by its word needs no try.
    this.#returning.mayBeOver(turn);
  }

  /** A peer has told digests that equal this agent's. */
  agreed(peer: AgentId, turn: Turn): void {
    const watch = this.#watches.get(peer);
    if (watch !== undefined) watch.agreedMs = turn.now.monoMs;
  }

  /** Tells the present digests at once, over every session whose peer has not told equal ones since a time. */
  tellAll(sinceMs: MonotonicMs, turn: Turn): void {
    for (const peer of this.#untold(sinceMs)) this.#ports.asking.probe(peer, turn);
  }

  /** The same over so many of these sessions, chosen at random. */
  tellSome(sinceMs: MonotonicMs, count: number, turn: Turn): void {
    for (const peer of turn.random.sample(this.#untold(sinceMs), count)) this.#ports.asking.probe(peer, turn);
  }

  #untold(sinceMs: MonotonicMs): readonly AgentId[] {
    return [...this.#watches]
      .filter(({ agreedMs, agent }) => agreedMs < sinceMs && this.#links.has(agent))
      .map(({ agent }) => agent);
  }

  /** Asks everyone over every session. */
  probeAll(turn: Turn): void {
    this.tellAll(Number.POSITIVE_INFINITY, turn);
  }

  /** This agent itself did not run for a while: everyone gets a new chance. */
  slept(turn: Turn): void {
    const now = turn.now.monoMs;
    this.findings.health.missed();
    for (const watch of this.#watches) {
      this.findings.restart(watch, turn);
      watch.stage = "idle";
      // Each is asked again, soon but not all at once.
      this.#watches.setDue(watch, now + 1 + turn.random.below(wayOpenSpreadMs));
    }
  }

  due(turn: Turn): void {
    if (this.findings.quietUntilMs <= turn.now.monoMs) {
      this.#looks.lookAhead(turn);
      this.findings.looked(turn);
    }
    for (;;) {
      const watch = this.#watches.takeDue(turn.now.monoMs);
      if (watch === undefined) return;
      this.#attempts.due(watch, turn);
    }
  }
}
