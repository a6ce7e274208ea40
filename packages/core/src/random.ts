/** Position of a random stream: four unsigned 32-bit words. */
export type RandomState = readonly [number, number, number, number];

/**
 * A seeded, forkable stream of whole numbers: sfc32 (Chris Doty-Humphrey, PractRand). Integer arithmetic only,
 * so that x64 and arm64 agree to the bit. The words are kept signed: above 2^31 each would be an object of its own.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  private constructor(state: RandomState) {
    const [a, b, c, counter] = state;
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#counter = counter | 0;
  }

  /** A stream from a seed: any whole number up to 2^53, or three words mixed by the caller. */
  static fromSeed(seed: number): Random {
    const low = seed >>> 0;
    const high = Math.floor(seed / 0x1_0000_0000) >>> 0;
    const random = new Random([low, high, 0x9e3779b9, 1]);
    // Twelve rounds spread the seed over the whole state (as PractRand seeds sfc32).
    for (let round = 0; round < 12; round += 1) random.word();
    return random;
  }

  static at(state: RandomState): Random {
    return new Random(state);
  }

  position(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#counter >>> 0];
  }

  /** The next 32 bits, unsigned. */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A whole number from 0 up to, and without, `bound` (1 to 2^32), without bias. */
  below(bound: number): number {
    for (;;) {
      const word = this.word();
      // The words left over at the end, fewer than `bound`, would favor low numbers: nearly no word is even near them.
      if (word < 0x1_0000_0000 - bound || word < 0x1_0000_0000 - (0x1_0000_0000 % bound)) return word % bound;
    }
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** An element of a list that is not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Up to `count` different elements, in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    const rest = [...items];
    const taken: T[] = [];
    while (taken.length < count && rest.length > 0) {
      const index = this.below(rest.length);
      taken.push(rest[index] as T);
      rest[index] = rest[rest.length - 1] as T;
      rest.pop();
    }
    return taken;
  }

  /** A stream of its own, that moves this one by two words and shares nothing with it after. */
  fork(): Random {
    const random = new Random([this.word(), this.word(), 0x9e3779b9, 1]);
    for (let round = 0; round < 12; round += 1) random.word();
    return random;
  }
}
