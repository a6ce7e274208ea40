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

/**
 * One end of a session between two agents. Each end knows what its host can know: after a cut or a crash, one can
 * believe in a session that the other has forgotten. It stands while its agent's map of sessions holds it. A small
 * object with no others in it: a large world has a million of them.
 */
export interface End extends Origin {
  /** Both ends of one session have one number, and no other session of the two has it. */
  readonly number: number;
  /** One way. */
  readonly latencyUs: number;
  /** Of the process at the other end. */
  readonly peerLife: number;
  /** Arrival of what was sent last from here: the next arrives after it. */
  lastUs: number;
  /** Undefined where there was no cut. */
  cut: Cut | undefined;
}

/** How a session came to be, as one end knows it. */
export interface Origin {
  /** The peer's attempt that has made it; absent where the end's own has. */
  readonly attempt: number | undefined;
  /** The peer's other attempts, which were under way then. */
  readonly met: readonly number[];
}

/** The number of no session. */
export const noSession = 0;

const never = Number.POSITIVE_INFINITY;

export function createEnd(
  number: number,
  latencyUs: number,
  peerLife: number,
  { attempt, met }: Origin,
): End {
  return { number, latencyUs, peerLife, attempt, met, lastUs: 0, cut: undefined };
}

/** What a cut did to it, to be changed. */
export function makeCut(end: End): Cut {
  end.cut ??= { outSinceUs: never, inSinceUs: never, heldSinceUs: 0, resumesUs: 0, held: [] };
  return end.cut;
}

/** Since when either direction is cut; infinite when both are whole. */
export function cutSinceUs({ cut }: End): number {
  return cut === undefined ? never : Math.min(cut.outSinceUs, cut.inSinceUs);
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
