import { type MemberView, type MonotonicMs, membersMax, type Verdict } from "@antibody/core";
import type { LogEntry } from "../log/log.ts";

/** What the log tells of a peer, and the verdict that it begins. */
const verdictOf: { readonly [event: string]: Verdict } = {
  "swarm.joined": "reachable",
  "swarm.refuted": "reachable",
  "swarm.returned": "reachable",
  "swarm.suspected": "suspected",
  "swarm.unreachable": "unreachable",
  "swarm.stalled": "stalled",
  "swarm.dead": "dead",
  "swarm.left": "left",
};

interface Beginning {
  readonly verdict: Verdict;
  readonly sinceMs: MonotonicMs;
}

/**
 * Since when each verdict holds, as the log told it. The mind itself remembers that only of whom it observes: ten
 * thousand minds of a simulator would each remember it of everyone.
 */
export class VerdictTimes {
  /** The longest untouched first; at most `membersMax`. */
  readonly #beginnings = new Map<string, Beginning>();
  readonly #nowMs: () => MonotonicMs;

  constructor(nowMs: () => MonotonicMs) {
    this.#nowMs = nowMs;
  }

  note({ name, fields }: LogEntry): void {
    const verdict = verdictOf[name];
    const { peer } = fields;
    if (verdict === undefined || typeof peer !== "string") return;
    if (this.#beginnings.get(peer)?.verdict === verdict) return;
    this.#beginnings.delete(peer);
    this.#beginnings.set(peer, { verdict, sinceMs: this.#nowMs() });
    if (this.#beginnings.size <= membersMax) return;
    for (const oldest of this.#beginnings.keys()) {
      this.#beginnings.delete(oldest);
      return;
    }
  }

  /** The member with the time from which its verdict holds, where that is known better here. */
  dated(member: MemberView): MemberView {
    const known = this.#beginnings.get(member.agent);
    const isGone = member.verdict === "dead" || member.verdict === "left" || member.verdict === "away";
    if (!isGone && Number.isFinite(member.sinceMs)) return member;
    // A watch that goes on dialing the dead says when it began to, or when it last heard of it.
    const sinceMs = known?.verdict === member.verdict ? known.sinceMs : Number.NEGATIVE_INFINITY;
    return sinceMs === member.sinceMs ? member : { ...member, sinceMs };
  }
}
