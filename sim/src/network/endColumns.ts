import { widened } from "../stores/widened.ts";
import { type Cut, noSession, type Opening, type Origin } from "./session.ts";

/**
 * One end of a session between two agents: its place in the columns of its world. Each end knows what its host can know:
 * after a cut or a crash, one can believe in a session that the other has forgotten. It stands while its agent's `Ends`
 * hold it.
 */
export type End = number;

const initialCapacity = 1_024;
/** The number of no attempt. */
const noAttempt = 0;
const nothingMet: readonly number[] = [];
const never = Number.POSITIVE_INFINITY;

/**
 * What the ends of a world know, in columns: a large world has a million of them, and as an object each took 80 bytes,
 * where it takes 24 here. What few have is beside them.
 */
export class EndColumns {
  #number = new Int32Array(initialCapacity);
  #latencyUs = new Int32Array(initialCapacity);
  #peerLife = new Int32Array(initialCapacity);
  #attempt = new Int32Array(initialCapacity);
  #lastUs = new Float64Array(initialCapacity);
  readonly #met = new Map<End, readonly number[]>();
  readonly #cuts = new Map<End, Cut>();
  /** Places that were given back, and those that were never taken begin here. */
  readonly #free: End[] = [];
  #used = 0;

  /** A place for an end that is to stand, until it is given back. */
  take({ number, latencyUs, peerLife, attempt, met }: Opening): End {
    const end = this.#free.pop() ?? this.#used;
    if (end === this.#used) this.#used += 1;
    if (end === this.#number.length) this.#grow();
    this.#number[end] = number;
    this.#latencyUs[end] = latencyUs;
    this.#peerLife[end] = peerLife;
    this.#attempt[end] = attempt ?? noAttempt;
    this.#lastUs[end] = 0;
    if (met.length > 0) this.#met.set(end, met);
    return end;
  }

  /** Nobody holds the end any more. */
  giveBack(end: End): void {
    this.#number[end] = noSession;
    this.#met.delete(end);
    this.#cuts.delete(end);
    this.#free.push(end);
  }

  numberOf(end: End): number {
    return this.#number[end] as number;
  }

  /** One way. */
  latencyUsOf(end: End): number {
    return this.#latencyUs[end] as number;
  }

  /** Of the process at the other end. */
  peerLifeOf(end: End): number {
    return this.#peerLife[end] as number;
  }

  originOf(end: End): Origin {
    const attempt = this.#attempt[end] as number;
    return { attempt: attempt === noAttempt ? undefined : attempt, met: this.#met.get(end) ?? nothingMet };
  }

  /** Arrival of what was sent last from here: the next arrives after it. */
  lastUsOf(end: End): number {
    return this.#lastUs[end] as number;
  }

  sent(end: End, arrivesUs: number): void {
    this.#lastUs[end] = arrivesUs;
  }

  /** Undefined where there was no cut. */
  cutOf(end: End): Cut | undefined {
    return this.#cuts.size === 0 ? undefined : this.#cuts.get(end);
  }

  /** What a cut did to it, to be changed. */
  makeCut(end: End): Cut {
    const known = this.#cuts.get(end);
    if (known !== undefined) return known;
    const cut: Cut = { outSinceUs: never, inSinceUs: never, heldSinceUs: 0, resumesUs: 0, held: [] };
    this.#cuts.set(end, cut);
    return cut;
  }

  /** Since when either direction is cut; infinite when both are whole. */
  cutSinceUs(end: End): number {
    const cut = this.cutOf(end);
    return cut === undefined ? never : Math.min(cut.outSinceUs, cut.inSinceUs);
  }

  /** Whether a cut holds something that was sent from this end. */
  isHolding(end: End): boolean {
    return (this.cutOf(end)?.held.length ?? 0) > 0;
  }

  #grow(): void {
    const capacity = 2 * this.#number.length;
    this.#number = widened(new Int32Array(capacity), this.#number);
    this.#latencyUs = widened(new Int32Array(capacity), this.#latencyUs);
    this.#peerLife = widened(new Int32Array(capacity), this.#peerLife);
    this.#attempt = widened(new Int32Array(capacity), this.#attempt);
    this.#lastUs = widened(new Float64Array(capacity), this.#lastUs);
  }
}
