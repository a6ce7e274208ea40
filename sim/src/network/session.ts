/** What waits for a cut to end, as TCP keeps it. */
interface Held {
  readonly kind: number;
  readonly tag: number;
  readonly payload: unknown;
}

/** Messages that one direction of a session holds during a cut: what Yamux' window of 256 KiB takes. Guess. */
export const heldMax = 512;

/** What a cut does, or did, to a session, as one end of it sees that. */
export interface Cut {
  /** Since when nothing arrives that is sent from this end, and nothing comes to it; infinite where that is not so. */
  outSinceUs: number;
  inSinceUs: number;
  /** When the first of those held was sent: TCP's waits count from here. */
  heldSinceUs: number;
  /** What is sent before this time waits until then: TCP has backed off. */
  resumesUs: number;
  readonly held: Held[];
}

/** How a session came to be, as one end knows it. */
export interface Origin {
  /** The peer's attempt that has made it, from 1; absent where the end's own has. */
  readonly attempt: number | undefined;
  /** The peer's other attempts, which were under way then. */
  readonly met: readonly number[];
}

/** What an end knows of its session from its beginning. */
export interface Opening extends Origin {
  /** Both ends of one session have one number, and no other session of the two has it. */
  readonly number: number;
  /** One way. */
  readonly latencyUs: number;
  /** Of the process at the other end. */
  readonly peerLife: number;
}

/** The number of no session. */
export const noSession = 0;

/**
 * When TCP tries again, after a cut that ended at `healedUs`: it waits `retransmitUs`, then twice as long, and so
 * on, from the first packet that was not acknowledged.
 */
export function retransmissionUs(heldSinceUs: number, healedUs: number, retransmitUs: number): number {
  let atUs = heldSinceUs;
  for (let waitUs = retransmitUs; atUs < healedUs; waitUs *= 2) atUs += waitUs;
  return atUs;
}
