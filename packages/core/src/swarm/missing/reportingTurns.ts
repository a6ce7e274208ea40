import type { AgentId } from "@antibody/policy";
import { type MonotonicMs, NEVER } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import type { Settings } from "../../settings.ts";
import type { Directory } from "../members/directory.ts";
import type { Observers } from "../observing/observers.ts";
import type { Probing } from "../observing/probing.ts";
import type { Missing } from "./missing.ts";

/** What turns are reckoned from. */
export interface ReportingTurnsPorts {
  readonly agent: AgentId;
  readonly settings: Settings;
  readonly directory: Directory;
  readonly observers: Observers;
  readonly probing: Probing;
  readonly missing: Missing;
}

/** Each observer waits for so long after the one before it, as voters do: mostly those after the first are silent. A guess. */
const turnMs = 100;
/** Before that: whoever loses several peers at once does so within moments, since it looks around. A guess. */
const firstTurnMs = 100;
/**
 * Few are said at once: up to this, or two of ten that an agent observes, or a tenth of all by what everyone has heard.
 * With one that is due goes what would follow within a second. From the simulator: 100 of 1,000 cut off at once are known
 * to all after 3.5 s in the middle and 6.1 s at last (3.2 and 5.5 s with three of ten), and halves of 1,000 send two
 * fifths of the messages that they would send with three of ten, since few of them miss so few.
 */
const fewMissed = 2;
const fewObservedPart = 2 / 10;
const fewMembersPart = 1 / 10;
/**
 * However many members there are: each that is lost costs every agent some 5 kB of rumors, three words of it and their
 * copies, and as much again when it is held dead. In a swarm of 10,000 a tenth would be 5 MB within moments, beside as
 * many certificates. From the simulator; this many is what a tenth of 1,280 costs.
 */
const fewMembersMax = 128;
const fewMissedTogetherMs = 1_000;
/**
 * Where more are missed at once, one waits, and gathers: a partition, or a massacre, must not be a rumor for each. Twice
 * as long as observers wait before they vote: by then the dead are known, and what is left lasts. From the simulator, by
 * the messages of the scenarios.
 */
const manyMissedVoteWaits = 2;
/** Then each agent has one turn for all that it misses: of so many turns, in the order of agents. Guesses. */
const manyMissedTurnMs = 1_000;
const manyMissedTurns = 10;
const manyMissedTogetherMs = 5_000;
/** A host that refuses is voted on at once, and dead within a second: it is said only where that fails. A guess. */
const refusedWaitMs = 4_000;

/**
 * Where few are missed and nobody contradicts, one more than needed waits for so long after enough have spoken. By then a
 * host that is gone is mostly certified dead; where it is not, the spare word keeps the verdict when a misser dies, or a
 * rumor was lost. From the simulator, 30 of 300 cut off: a quarter fewer messages of gossip, known as soon as before; with
 * no spare word at all, three of 70 never knew all of 30 of 100 hosts that lost power.
 */
const spareWaitMs = 15_000;

/** When it is whose turn to speak of a subject. */
export class ReportingTurns {
  readonly #ports: ReportingTurnsPorts;

  constructor(ports: ReportingTurnsPorts) {
    this.#ports = ports;
  }

  /** When this agent says that it misses a subject, not before a time. */
  toMiss(subject: AgentId, notBeforeMs: MonotonicMs, turn: Turn): MonotonicMs {
    const { roster } = this.#ports.directory;
    const rank = roster.rankAt(roster.slotOf(this.#ports.agent) ?? 0);
    const ownTurnMs = this.#missesMany(turn)
      ? (rank % manyMissedTurns) * manyMissedTurnMs
      : this.#placeToMiss(subject) * turnMs;
    return Math.max(turn.now.monoMs + firstTurnMs, notBeforeMs, this.firstMs(subject, turn)) + ownTurnMs;
  }

  /** When this agent says that others are wrong: its own attempt has ended by then. */
  toContradict(subject: AgentId, notBeforeMs: MonotonicMs, turn: Turn): MonotonicMs {
    const triedMs = turn.now.monoMs + 2 * this.#ports.settings.freshTimeoutMs;
    return Math.max(triedMs, notBeforeMs) + this.#placeOn(subject) * turnMs;
  }

  /** From when on a subject may be said to be missing, whosever turn it is. */
  firstMs(subject: AgentId, turn: Turn): MonotonicMs {
    const { settings, probing, missing } = this.#ports;
    const watch = probing.watchOf(subject);
    if (watch === undefined) return NEVER;
    const refusedMs = watch.outage.evidence === "refused" ? watch.outage.lostMs + refusedWaitMs : 0;
    if (this.#missesMany(turn))
      return Math.max(refusedMs, watch.outage.lostMs + manyMissedVoteWaits * settings.cutVoteAfterMs);
    const saidMs = missing.sinceMs(subject);
    const isContradicted = saidMs !== undefined && missing.on(subject).present.length > 0;
    // Observers wait for longer before they vote on who is stalled, and so does the spare word.
    const laterMs = watch.outage.hasStalled ? settings.stalledVoteAfterMs - settings.cutVoteAfterMs : 0;
    return Math.max(refusedMs, saidMs === undefined || isContradicted ? 0 : saidMs + spareWaitMs + laterMs);
  }

  /** What is due within this time is said now. */
  togetherMs(turn: Turn): number {
    return this.#missesMany(turn) ? manyMissedTogetherMs : fewMissedTogetherMs;
  }

  /** Who missed it in a look in turn is alone with that so far. */
  #placeToMiss(subject: AgentId): number {
    return this.#ports.probing.watchOf(subject)?.outage.isFirst === true ? 0 : this.#placeOn(subject);
  }

  #placeOn(subject: AgentId): number {
    const { agent, observers } = this.#ports;
    return Math.max(0, observers.of(subject).observers.indexOf(agent));
  }

  #missesMany(turn: Turn): boolean {
    const { settings, directory, probing, missing } = this.#ports;
    let missed = 0;
    let observed = 0;
    for (const {
      duty,
      finding,
      outage: { evidence },
    } of probing.watches()) {
      if (duty !== "observe" || evidence === "refused") continue;
      observed += 1;
      if (finding !== "reachable") missed += 1;
    }
    if (missed > Math.max(fewMissed, observed * fewObservedPart)) return true;
    const heard = missing.countSince(turn.now.monoMs - settings.cutVoteAfterMs);
    return heard > Math.max(fewMissed, Math.min(fewMembersMax, directory.livingCount * fewMembersPart));
  }
}
