/** No alarm is set. */
const never = Number.POSITIVE_INFINITY;

/**
 * One alarm for each of a fixed number of owners, and which of them rings first; of two at one time that of the lower
 * number. A tournament tree: setting one costs a few comparisons in memory that stays in the cache, so that an
 * alarm may be moved at every step of its owner and leaves no event behind that comes too early.
 */
export class Alarms {
  readonly #atUs: Float64Array;
  /** A binary tree in one array: the winner of node i is the earlier of those of 2i and 2i + 1; owners are leaves. */
  readonly #winners: Int32Array;
  readonly #leaves: number;

  constructor(owners: number) {
    let leaves = 2;
    while (leaves < owners) leaves *= 2;
    this.#leaves = leaves;
    this.#atUs = new Float64Array(leaves).fill(never);
    this.#winners = new Int32Array(2 * leaves);
    for (let node = 2 * leaves - 1; node > 0; node -= 1) {
      this.#winners[node] = node >= leaves ? node - leaves : (this.#winners[2 * node] as number);
    }
  }

  /** Whose alarm rings first. */
  get first(): number {
    return this.#winners[1] as number;
  }

  /** When the first one rings; infinite when none is set. */
  get firstUs(): number {
    return this.#atUs[this.first] as number;
  }

  /** Replaces the alarm of an owner; an infinite time removes it. */
  set(owner: number, atUs: number): void {
    const times = this.#atUs;
    const winners = this.#winners;
    times[owner] = atUs;
    for (let node = (owner + this.#leaves) >> 1; node > 0; node >>= 1) {
      const left = winners[2 * node] as number;
      const right = winners[2 * node + 1] as number;
      const winner = (times[right] as number) < (times[left] as number) ? right : left;
      // Neither has this owner lost nor won here: nothing changes further up.
      if (winner === winners[node] && winner !== owner) return;
      winners[node] = winner;
    }
  }
}
