import type { AgentId } from "@antibody/policy";
import type { Turn } from "../../contract/turn.ts";
import type { Settings } from "../../settings.ts";
import type { Links } from "../links.ts";
import type { Findings } from "./findings.ts";
import { soonMs } from "./redial.ts";
import { isLost, isSilent, isUnmet, type Watch } from "./watch.ts";
import type { Watches } from "./watches.ts";

/** What it stands on. */
export interface ReturningPorts {
  readonly agent: AgentId;
  readonly settings: Settings;
  readonly links: Links;
}

/**
 * Who is taken for back before any session stands is dialed within so long for each of them: everyone behind the same cut
 * shakes hands with everyone, and views do not wait for that. A guess: two handshakes in a second, the other's
 * among them, are little for any processor.
 */
const sessionSpreadMs = 1_000;
/** And within so long at least: the others have many to dial. A guess. */
const sessionsMsMin = 5_000;
/** After the first word of somebody one lost peer is dialed within so long. Guesses. */
const hintMs = { cutOff: 200, apart: 500, calm: 1_500 };
/** So many that are still lost when one is back are many: behind a partition, and not two links that have failed. A guess. */
const manyLost = 2;
/** Of a pair the one with the greater id leaves the dial to the other for so long: a dial, with some time to spare. A guess. */
const otherFirstMs = 2_000;

/** What is known of a newer statement of a peer. */
export interface Word {
  /** Its observers missed it. */
  readonly wasMissing: boolean;
  /** It is of another run than what was held before. */
  readonly isReborn: boolean;
}

/** One lost peer is back, or says so: what becomes of it, and of the others that are lost. */
export class Returning {
  readonly #ports: ReturningPorts;
  readonly #watches: Watches;
  readonly #findings: Findings;

  constructor(ports: ReturningPorts, watches: Watches, findings: Findings) {
    this.#ports = ports;
    this.#watches = watches;
    this.#findings = findings;
  }

  /**
   * One lost peer is back: the others are tried, since a healed partition heals for all. Where they are many, in turns: most
   * say themselves that they are back, unless the swarm is too large for that, and a session with each can wait then.
   */
  wayMayBeOpen(turn: Turn): void {
    let lost = 0;
    for (const watch of this.#watches) if (isLost(watch)) lost += 1;
    for (const watch of this.#watches) {
      if (!isLost(watch)) continue;
      const isPaced = lost >= manyLost && this.#findings.isTold;
      const turnMs = isPaced ? turn.random.below(sessionSpreadMs * lost) : 0;
      this.trySoon(watch, turnMs, turn);
    }
  }

  /**
   * One is back for an agent that missed so many that it was behind a partition. That the others were silent may be as well
   * its own fault, and says nothing about them: with them it is where it was at its start, when nothing had been tried.
   * What others say of them counts.
   */
  excuseAll(turn: Turn): void {
    for (const watch of this.#watches) {
      if (watch.duty === "observe" && isSilent(watch)) this.#excuse(watch, "the partition is over", turn);
    }
    this.#findings.recount(turn);
  }

  /**
   * Whether a lost peer that has just said something new is back: it is there, and it was out of reach of others too, or is
   * one of several that were lost here. Else a link of this agent alone has failed, as before. Within moments of the loss
   * what it said may be older. Where its host has refused, another life has begun since.
   */
  isBack({ duty, outage }: Watch, { wasMissing, isReborn }: Word, turn: Turn): boolean {
    if (duty === "observe" && outage.evidence === "refused") return isReborn;
    if (duty !== "observe" || turn.now.monoMs - outage.lostMs < this.#ports.settings.probeIntervalMs)
      return false;
    let silent = 0;
    for (const watch of this.#watches) if (isSilent(watch)) silent += 1;
    return wasMissing || silent > 1;
  }

  /** A lost peer is back by its own word: it is as one that nothing was tried with yet. */
  excuse(watch: Watch, turn: Turn): void {
    this.#findings.backByWord();
    this.#excuse(watch, "its own newer statement", turn);
    this.#findings.recount(turn);
  }

  /**
   * Somebody says something new, as whoever has got out of a partition does. One lost peer is tried, unless one is being
   * tried anyway: soon by whoever is cut off, whom nobody beyond would hear else, and later by those who will be told.
   */
  mayBeOver(turn: Turn): void {
    const { cutOff, isCalm } = this.#findings;
    // Whoever has others back by their words has lost few by then, and those may be the ones that say nothing.
    const isFar = isCalm && !this.#findings.isHealing(turn);
    const withinMs = cutOff ? hintMs.cutOff : isFar ? hintMs.calm : hintMs.apart;
    const idle: Watch[] = [];
    for (const watch of this.#watches) {
      if (watch.duty !== "observe" || !isSilent(watch)) continue;
      if (watch.stage !== "idle") watch.isUrged = true;
      if (watch.stage !== "idle" || this.#watches.dueMs(watch) <= turn.now.monoMs + withinMs) return;
      idle.push(watch);
    }
    if (idle.length === 0) return;
    this.#watches.setDue(turn.random.pick(idle), turn.now.monoMs + 1 + turn.random.below(withinMs));
  }

  /** The way to a lost peer may have opened. It is dialed so much later than at once. */
  trySoon(watch: Watch, laterMs: number, turn: Turn): void {
    // What was sent while the way was closed does not come back, and says nothing about it.
    if (watch.stage !== "idle") {
      watch.isUrged = true;
      return;
    }
    const at = soonMs(this.#ports.agent, watch.agent, turn) + laterMs;
    if (this.#watches.dueMs(watch) > at) this.#watches.setDue(watch, at);
  }

  /** Plans the session with a peer that is taken for back. */
  planSession(watch: Watch, turn: Turn): void {
    let unmet = 0;
    for (const other of this.#watches) if (isUnmet(other)) unmet += 1;
    const laterMs = this.#ports.agent < watch.agent ? 0 : otherFirstMs;
    const turnMs = turn.random.below(Math.max(sessionsMsMin, sessionSpreadMs * unmet));
    this.#watches.setDue(watch, turn.now.monoMs + 1 + laterMs + turnMs);
  }

  #excuse(watch: Watch, evidence: string, turn: Turn): void {
    this.#findings.excuse(watch, evidence, turn);
    // What stood was silent all the while.
    if (this.#ports.links.has(watch.agent)) this.#ports.links.hangUp(watch.agent, turn);
    if (watch.stage === "dialing") watch.isUrged = true;
    else this.planSession(watch, turn);
  }
}
