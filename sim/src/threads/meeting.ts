/** Places in shared memory: who has come, how many meetings there were, whether somebody has failed. */
const comeAt = 0;
const roundAt = 16;
const failedAt = 32;
const words = 48;
/**
 * Looks at the others before a thread goes to sleep: so many that they take about as long as to be woken, some 40 us.
 * Where cores are short they are in vain: after each sleep there are half as many, and twice as many after each
 * meeting that needed none.
 */
const looksMax = 5_000;
const looksMin = 50;
/** Times are kept twice: a thread may write those of the next meeting while another still reads those of this one. */
const sides = 2;

/**
 * Where the threads of a run meet after each window: nobody goes on before all have come. Each says when its next event
 * is due, and all learn the earliest.
 */
export class Meeting {
  readonly #words: Int32Array;
  readonly #nextUs: Float64Array;
  readonly #index: number;
  readonly #count: number;
  #looks = looksMax;
  #round = 0;

  constructor(memory: SharedArrayBuffer, index: number, count: number) {
    this.#words = new Int32Array(memory, 0, words);
    this.#nextUs = new Float64Array(memory, words * Int32Array.BYTES_PER_ELEMENT, sides * count);
    this.#index = index;
    this.#count = count;
  }

  static memory(count: number): SharedArrayBuffer {
    return new SharedArrayBuffer(
      words * Int32Array.BYTES_PER_ELEMENT + sides * count * Float64Array.BYTES_PER_ELEMENT,
    );
  }

  /** This thread is done with its window; it says when its next event is due. */
  come(nextUs: number): void {
    this.#nextUs[(this.#round % sides) * this.#count + this.#index] = nextUs;
    this.#round += 1;
    if (Atomics.add(this.#words, comeAt, 1) < this.#count - 1) return;
    Atomics.store(this.#words, comeAt, 0);
    Atomics.store(this.#words, roundAt, this.#round);
    Atomics.notify(this.#words, roundAt);
  }

  /** Waits until all have come; false when that takes longer. Throws when one of them has failed. */
  wait(timeoutMs: number = Number.POSITIVE_INFINITY): boolean {
    const before = this.#round - 1;
    if (!this.#isSeenAfter(before)) {
      if (Atomics.wait(this.#words, roundAt, before, timeoutMs) === "timed-out") return false;
    }
    if (Atomics.load(this.#words, failedAt) !== 0) throw new Error("another thread of the run has failed");
    return true;
  }

  /** The earliest of the times that all have said. */
  get earliestUs(): number {
    const side = ((this.#round - 1) % sides) * this.#count;
    let earliestUs = Number.POSITIVE_INFINITY;
    for (let one = side; one < side + this.#count; one += 1) {
      earliestUs = Math.min(earliestUs, this.#nextUs[one] as number);
    }
    return earliestUs;
  }

  /** Lets nobody wait for this thread any more: it has failed. */
  fail(): void {
    Atomics.store(this.#words, failedAt, 1);
    Atomics.store(this.#words, roundAt, -1);
    Atomics.notify(this.#words, roundAt);
  }

  /** Whether all came while this thread looked. */
  #isSeenAfter(round: number): boolean {
    for (let looks = 0; looks < this.#looks; looks += 1) {
      if (Atomics.load(this.#words, roundAt) === round) continue;
      this.#looks = Math.min(looksMax, 2 * this.#looks);
      return true;
    }
    this.#looks = Math.max(looksMin, this.#looks >> 1);
    return false;
  }
}
