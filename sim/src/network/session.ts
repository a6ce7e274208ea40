import type { DialPurpose } from "./hosts.ts";

/** What waits for a cut to end, as TCP keeps it. */
interface Held {
  readonly kind: number;
  readonly payload: unknown;
}

/** Messages that one direction of a session holds during a cut: what Yamux' window of 256 KiB takes. Guess. */
export const heldMax = 512;

/** What a cut does, or did, to one direction of a session. */
export interface Cut {
  /** Since when the direction is cut; infinite when it is not. */
  sinceUs: number;
  /** When the first of those held was sent: TCP's waits count from here. */
  heldSinceUs: number;
  /** What is sent before this time waits until then: TCP has backed off. */
  resumesUs: number;
  readonly held: Held[];
}

/**
 * A connection between two agents. Each end stands or is gone for itself: after a cut or a crash, one end can
 * believe in a session that the other has forgotten. An end stands while its agent's map of sessions holds it.
 * One object with no others in it: a large world has half a million of them.
 */
export interface Session {
  readonly number: number;
  readonly low: number;
  readonly high: number;
  /** One way. */
  readonly latencyUs: number;
  /** Arrival of the message sent last, by direction: the next one arrives after it. */
  lastToLowUs: number;
  lastToHighUs: number;
  /** By direction; undefined where there was no cut. */
  cutToLow: Cut | undefined;
  cutToHigh: Cut | undefined;
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
    lastToLowUs: 0,
    lastToHighUs: 0,
    cutToLow: undefined,
    cutToHigh: undefined,
  };
}

/** Arrival of the message that was sent last to one end. */
export function lastUsTo(session: Session, destination: number): number {
  return destination === session.low ? session.lastToLowUs : session.lastToHighUs;
}

export function setLastUsTo(session: Session, destination: number, atUs: number): void {
  if (destination === session.low) session.lastToLowUs = atUs;
  else session.lastToHighUs = atUs;
}

/** What a cut did to the direction to one end, if there was any. */
export function cutTo(session: Session, destination: number): Cut | undefined {
  return destination === session.low ? session.cutToLow : session.cutToHigh;
}

/** The same, to be changed. */
export function makeCutTo(session: Session, destination: number): Cut {
  const known = cutTo(session, destination);
  if (known !== undefined) return known;
  const cut: Cut = { sinceUs: Number.POSITIVE_INFINITY, heldSinceUs: 0, resumesUs: 0, held: [] };
  if (destination === session.low) session.cutToLow = cut;
  else session.cutToHigh = cut;
  return cut;
}

/** Since when either direction is cut; infinite when both are whole. */
export function cutSinceUs({ cutToLow, cutToHigh }: Session): number {
  const never = Number.POSITIVE_INFINITY;
  return Math.min(cutToLow?.sinceUs ?? never, cutToHigh?.sinceUs ?? never);
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
