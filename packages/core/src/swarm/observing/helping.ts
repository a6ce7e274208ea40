import type { AgentId } from "@antibody/policy";
import type { DialResult } from "../../contract/input.ts";
import type { Snapshot } from "../../contract/snapshot.ts";
import { type MonotonicMs, NEVER } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { nothing } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import { dialsForOthersMax, probesForOthersMax } from "../../limits.ts";
import type { Settings } from "../../settings.ts";
import type { Asking } from "../asking.ts";
import type { Links } from "../links.ts";
import type { Missing } from "../missing/missing.ts";
import type { Probing } from "./probing.ts";
import { isLost } from "./watch.ts";

/** What helping stands on. */
export interface HelpingPorts {
  readonly links: Links;
  readonly asking: Asking;
  readonly probing: Probing;
  readonly missing: Missing;
  readonly settings: Settings;
}

interface Favor {
  readonly requester: AgentId;
  /** The requester's sequence, which the report carries back. */
  readonly sequence: number;
  readonly subject: AgentId;
  /** The session to it is asked; otherwise a fresh connection is tried. */
  readonly isProbed: boolean;
  readonly untilMs: MonotonicMs;
}

/**
 * Probes on behalf of others (SWIM's indirect probes): at most `probesForOthersMax` at once, of which `dialsForOthersMax` are
 * dials; the rest is declined. Behind a cut, and on a starved machine, everyone asks everyone, and each dial would be a
 * handshake and a session that nobody needs.
 */
export class Helping {
  readonly #ports: HelpingPorts;
  #favors: readonly Favor[];

  constructor(ports: HelpingPorts, dump?: Snapshot) {
    this.#ports = ports;
    this.#favors = dump === undefined ? nothing : recall<readonly Favor[]>(dump);
  }

  dump(): Snapshot {
    return keep(this.#favors);
  }

  get count(): number {
    return this.#favors.length;
  }

  get deadline(): MonotonicMs {
    let earliest = NEVER;
    for (const { untilMs } of this.#favors) earliest = Math.min(earliest, untilMs);
    return earliest;
  }

  /**
   * Probes a subject over the standing session, or by a fresh connection, which becomes a session where it is the first.
   * Who observes it too goes by what it finds.
   */
  request(requester: AgentId, sequence: number, subject: AgentId, turn: Turn): void {
    if (this.#favors.length >= probesForOthersMax) return;
    const { links, asking, probing } = this.#ports;
    const { indirectTimeoutMs } = this.#ports.settings;
    const favor = { requester, sequence, subject, untilMs: turn.now.monoMs + indirectTimeoutMs };
    if (links.has(subject)) {
      const isAsked = this.#favors.some((other) => other.isProbed && other.subject === subject);
      if (probing.isObserved(subject)) probing.lookToo(subject, turn);
      else if (!isAsked) asking.probe(subject, turn);
      this.#favors = [...this.#favors, { ...favor, isProbed: true }];
    } else if (this.#mayDial(subject, turn) && links.dial(subject, "fresh", indirectTimeoutMs, turn)) {
      this.#favors = [...this.#favors, { ...favor, isProbed: false }];
    } else {
      report(favor, false, turn);
    }
  }

  /**
   * Whom it misses itself, by own attempts, which go on in turns, or by the word of its observers, it does not dial for
   * others; nor does it where it misses many, has sessions to make after a partition, or is starved and would find nobody.
   */
  #mayDial(subject: AgentId, turn: Turn): boolean {
    const { probing, missing } = this.#ports;
    const { findings } = probing;
    const watch = probing.watchOf(subject);
    const misses = watch === undefined ? missing.holds(subject) : isLost(watch);
    const dialing = this.#favors.filter(({ isProbed }) => !isProbed).length;
    const isFree = findings.isCalm && !probing.hasSessionsToMake(turn) && findings.health.score === 0;
    return isFree && !misses && dialing < dialsForOthersMax;
  }

  /** The subject said something, which answers whoever asked for it. */
  heard(subject: AgentId, turn: Turn): void {
    for (const favor of this.#favors) {
      // Nearly always somebody else is asked for.
      if (favor.subject !== subject) continue;
      this.#settle((other) => other.subject === subject, true, turn);
      return;
    }
  }

  /** True where it was for others. */
  dialed(subject: AgentId, result: DialResult, turn: Turn): boolean {
    if (this.#favors.length === 0) return false;
    return this.#settle(
      (favor) => !favor.isProbed && favor.subject === subject,
      result === "connected",
      turn,
    );
  }

  due(turn: Turn): void {
    if (this.#favors.length > 0) this.#settle(({ untilMs }) => untilMs <= turn.now.monoMs, false, turn);
  }

  #settle(isSettled: (favor: Favor) => boolean, answered: boolean, turn: Turn): boolean {
    const settled = this.#favors.filter(isSettled);
    if (settled.length === 0) return false;
    this.#favors = this.#favors.filter((favor) => !isSettled(favor));
    for (const favor of settled) report(favor, answered, turn);
    return true;
  }
}

function report(favor: Omit<Favor, "isProbed" | "untilMs">, answered: boolean, turn: Turn): void {
  const { requester, sequence, subject } = favor;
  turn.emit({ type: "send", to: requester, message: { type: "probeReport", sequence, subject, answered } });
}
