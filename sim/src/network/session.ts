import type { DialPurpose } from "./hosts.ts";

/** What waits for a cut to end, as TCP keeps it. */
interface Held {
  readonly kind: number;
  readonly payload: unknown;
}

/** Messages that one direction of a session holds during a cut: what Yamux' window of 256 KiB takes. Guess. */
export const heldMax = 512;

/** One direction of a session. */
export interface Direction {
  /** Arrival of the message sent last: the next one arrives after it. */
  lastUs: number;
  /** Since when the direction is cut; infinite when it is not. */
  cutSinceUs: number;
  /** When the first of those held was sent: TCP's waits count from here. */
  heldSinceUs: number;
  /** What is sent before this time waits until then: TCP has backed off. */
  resumesUs: number;
  readonly held: Held[];
}

/**
 * A connection between two agents. Each end stands or is gone for itself: after a cut or a crash, one end can
 * believe in a session that the other has forgotten. An end stands while its agent's map of sessions holds it.
 */
export interface Session {
  readonly number: number;
  readonly low: number;
  readonly high: number;
  /** One way. */
  readonly latencyUs: number;
  readonly toLow: Direction;
  readonly toHigh: Direction;
  /** Life of the dialer's process, as long as only the other end stands and the answer to hello is on its way. */
  dialerLife: number;
  /** What the dialer asked for. */
  readonly purpose: DialPurpose;
}

/** The life of no process. */
export const noLife = 0;

export function createSession(
  number: number,
  dialer: number,
  dialerLife: number,
  peer: number,
  latencyUs: number,
  purpose: DialPurpose,
): Session {
  return {
    number,
    low: Math.min(dialer, peer),
    high: Math.max(dialer, peer),
    latencyUs,
    dialerLife,
    purpose,
    toLow: createDirection(),
    toHigh: createDirection(),
  };
}

export function directionTo(session: Session, destination: number): Direction {
  return destination === session.low ? session.toLow : session.toHigh;
}

/**
 * When TCP tries again, after a cut that ended at `healedUs`: it waits `retransmitUs`, then twice as long, and so
 * on, from the first packet that was not acknowledged.
 */
export function retransmissionUs(heldSinceUs: number, healedUs: number, retransmitUs: number): number {
  let atUs = heldSinceUs;
  for (let waitUs = retransmitUs; atUs < healedUs; waitUs *= 2) atUs += waitUs;
  return atUs;
}

function createDirection(): Direction {
  return { lastUs: 0, cutSinceUs: Number.POSITIVE_INFINITY, heldSinceUs: 0, resumesUs: 0, held: [] };
}
