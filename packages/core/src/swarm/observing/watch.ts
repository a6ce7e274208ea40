import type { AgentId } from "@antibody/policy";
import type { DialResult } from "../../contract/input.ts";
import type { DeathCertificate, Incarnation, VoteEvidence } from "../../contract/statements.ts";
import { type MonotonicMs, NEVER, NOT_YET } from "../../contract/time.ts";
import { isSameLife } from "../../enrolment/incarnation.ts";
import { markOf } from "../../keeping/marked.ts";

/** What an agent finds of a peer by its own attempts. */
export type Finding = "reachable" | "suspected" | "unreachable" | "stalled";

/** What an agent has found of an outage of a peer. Replaced, never changed. */
export interface Outage {
  /** It showed in a look in turn: the other observers need not know of it. */
  readonly isFirst: boolean;
  /** When it began; NEVER while there is none. */
  readonly lostMs: MonotonicMs;
  /** Since when every own attempt in it has ended in silence; NEVER while none has. */
  readonly silentMs: MonotonicMs;
  /** What the last own attempt showed; undefined when it showed nothing of the peer. */
  readonly evidence: VoteEvidence | undefined;
  /** The host has accepted connections: it may only be paused. */
  readonly hasStalled: boolean;
  /** Who was asked to probe it and has not answered: nobody else's word of it counts. */
  readonly asked: readonly AgentId[];
  /** Who reaches it, when this agent does not. */
  readonly via: AgentId | undefined;
  /** The last own vote; −∞ when there was none. */
  readonly votedMs: MonotonicMs;
}

/** There is none: one for all watches, since nearly all peers of nearly all agents are there. */
const noOutage: Outage = {
  isFirst: false,
  lostMs: NEVER,
  silentMs: NEVER,
  evidence: undefined,
  hasStalled: false,
  asked: [],
  via: undefined,
  votedMs: NOT_YET,
};

/** What is so of few watches, and seldom. Replaced, never changed. */
interface Seldom {
  /** This agent came late to the open probe's deadline, and reads first what waits for it. */
  readonly isOverdue: boolean;
  /** A question over its session went unanswered where a fresh connection did not, and nothing was heard since. */
  readonly isMute: boolean;
  /** While a dial was under way another lost peer came back: if it fails, the next one follows at once. */
  readonly isUrged: boolean;
  /** When the last outage in which nothing came back was over; NOT_YET when there was none. */
  readonly healedMs: MonotonicMs;
}

/** Nothing of it is: one for all watches of whom that is true. */
const nothingSeldom: Seldom = { isOverdue: false, isMute: false, isUrged: false, healedMs: NOT_YET };

/**
 * What one agent knows of one peer that it observes, or goes on dialing after its death. A class with fields that are
 * declared: they are there before they are set, so that V8 keeps whole numbers in them as they are. In a field that
 * begins with infinity each number would be an object of its own, and a mind has a hundred of them.
 */
export class Watch {
  readonly agent: AgentId;
  /** By which it is found among few. */
  readonly mark: number;
  /** Among the watches of the agent, in order of agents. */
  place: number;
  /** A dead peer is only dialed: its return shows in a session. */
  duty: "observe" | "redial";
  /** What is under way; the peer's deadline ends it. */
  stage: "idle" | "probing" | "dialing";
  finding: Finding;
  sinceMs: MonotonicMs;
  /** The last proof of life; −∞ when there was none yet. */
  heardMs: MonotonicMs;
  /** What the peer last said in a session: of the life that it was held with, serial and boot counter count. */
  met: Incarnation | undefined;
  /** The last look in turn, of either of the two at the other; −∞ when there was none yet. */
  lookedMs: MonotonicMs;
  /** When the peer last told digests that equal this agent's. */
  agreedMs: MonotonicMs;
  /** Sequence of the open probe. 0 for one that is out of turn. */
  probe: number;
  /** When the open probe was sent, or the dial that is under way began. */
  probedMs: MonotonicMs;
  outage: Outage;
  seldom: Seldom;

  /** A peer that nothing was tried with yet is taken for reachable: others enrolled it and hold it alive. */
  constructor(agent: AgentId, duty: Watch["duty"], nowMs: MonotonicMs) {
    this.agent = agent;
    this.mark = markOf(agent);
    this.place = 0;
    this.duty = duty;
    this.stage = "idle";
    this.finding = "reachable";
    this.sinceMs = nowMs;
    this.heardMs = NOT_YET;
    this.met = undefined;
    this.lookedMs = NOT_YET;
    this.agreedMs = NOT_YET;
    this.probe = 0;
    this.probedMs = NOT_YET;
    this.outage = noOutage;
    this.seldom = nothingSeldom;
  }

  get isOverdue(): boolean {
    return this.seldom.isOverdue;
  }

  set isOverdue(isOverdue: boolean) {
    if (isOverdue !== this.seldom.isOverdue) this.seldom = { ...this.seldom, isOverdue };
  }

  get isMute(): boolean {
    return this.seldom.isMute;
  }

  set isMute(isMute: boolean) {
    if (isMute !== this.seldom.isMute) this.seldom = { ...this.seldom, isMute };
  }

  get isUrged(): boolean {
    return this.seldom.isUrged;
  }

  set isUrged(isUrged: boolean) {
    if (isUrged !== this.seldom.isUrged) this.seldom = { ...this.seldom, isUrged };
  }

  get healedMs(): MonotonicMs {
    return this.seldom.healedMs;
  }

  set healedMs(healedMs: MonotonicMs) {
    this.seldom = { ...this.seldom, healedMs };
  }

  /** As a dump has left it. */
  static of(dumped: DumpedWatch): Watch {
    return Object.assign(new Watch(dumped.agent, dumped.duty, dumped.sinceMs), dumped);
  }
}

/** The fields of a watch, without the names that stand for those of `seldom`. */
export type DumpedWatch = Omit<Watch, keyof Seldom>;

/** A session was held with a life of the peer. Mostly the one that is known: an ack in a quiet swarm changes nothing. */
export function meet(watch: Watch, incarnation: Incarnation): void {
  if (!hasMet(watch, incarnation)) watch.met = incarnation;
}

/** The peer was heard: what was held against it is over. */
export function clearOutage(watch: Watch): void {
  watch.outage = noOutage;
}

/**
 * Who comes so late to the deadline of a probe had no processor; what has come meanwhile is read within so long before
 * anything is made of it. Guesses: well above what timers miss at rest, and a turn of a body's loop.
 */
const overdueMs = 100;
const readMs = 20;

/** Until when an agent that comes late to the deadline of a probe reads first, once: timers are earlier than what has come. */
export function readsFirstUntilMs(
  { probedMs, isOverdue }: Watch,
  answerMs: number,
  nowMs: MonotonicMs,
): MonotonicMs | undefined {
  return !isOverdue && nowMs - probedMs - answerMs >= overdueMs ? nowMs + readMs : undefined;
}

/** Whether the peer is out of reach, by own attempts. */
export function isLost(watch: Watch): boolean {
  return watch.finding === "unreachable" || watch.finding === "stalled";
}

/** Whether it has not been heard yet, and nothing speaks against it. */
export function isUnmet({ finding, heardMs }: Watch): boolean {
  return finding === "reachable" && heardMs === NOT_YET;
}

/** Whether an own attempt ended without any answer of the peer's host: this agent's own link may be the cause. */
export function isSilent(watch: Watch): boolean {
  return watch.finding === "unreachable" && watch.outage.evidence !== "refused";
}

/** Whether a session was held with the life that an incarnation belongs to. */
export function hasMet(watch: Watch, incarnation: Incarnation): boolean {
  return watch.met !== undefined && isSameLife(watch.met, incarnation);
}

/** Of whom is taken for back because the partition is over, or by its own word. */
const notMetAgain = "the partition is over; this agent has not heard it since";

/** What a finding rests on, in one line for people. */
export function reasonOf(watch: Watch): string {
  const silence =
    watch.finding === "suspected" ? "a probe went unanswered, or its session closed" : "nothing tried yet";
  const byEvidence = {
    refused: "its host refuses connections: the process is gone",
    cut: "nothing comes back from its addresses",
    stalled: "its host accepts connections, the agent says nothing",
  };
  if (watch.finding === "reachable") {
    if (watch.heardMs !== NOT_YET) return "it answers";
    return watch.healedMs === NOT_YET ? silence : notMetAgain;
  }
  const own = watch.outage.evidence === undefined ? silence : byEvidence[watch.outage.evidence];
  if (watch.finding === "unreachable" && watch.outage.evidence === undefined)
    return "this agent could not try to dial it";
  return watch.outage.via === undefined ? own : `${own}; ${watch.outage.via} reaches it`;
}

/** What most votes of a death certificate rest on, as far as it matters here: whether the host refuses. */
export function certifiedEvidence(death: DeathCertificate | undefined): VoteEvidence | undefined {
  const votes = death?.votes ?? [];
  return 2 * votes.filter(({ vote }) => vote.evidence === "refused").length > votes.length
    ? "refused"
    : undefined;
}

/** What a dial that did not connect says of the peer; nothing where the fault is this agent's own. */
export function evidenceOf(result: Exclude<DialResult, "connected">): VoteEvidence | undefined {
  switch (result) {
    case "refused":
    case "cut":
      return result;
    case "silent":
      return "stalled";
    case "failed":
      return undefined;
    default:
      throw new Error(`unknown result ${result satisfies never}`);
  }
}
