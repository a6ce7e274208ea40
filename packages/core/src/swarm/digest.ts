import type { Incarnation } from "../contract/statements.ts";
import { directoryBucketCount } from "../limits.ts";

/**
 * Digests of a directory, by bucket and whole: the exclusive or of 64 bits for each (agent, incarnation, dead or
 * not), so that one changed member costs the same in a swarm of five and of ten thousand. They find honest
 * differences; they do not withstand a member that looks for collisions, which hides nothing but its own entry.
 */
export class DirectoryDigest {
  /** Two words a bucket. */
  readonly #words = new Int32Array(2 * directoryBucketCount);
  #high = 0;
  #low = 0;
  #text: string | undefined;

  /** Adds a statement, or takes it away again. */
  toggle(seed: number, incarnation: Incarnation, dead: boolean): void {
    const [serial, boot, n] = incarnation;
    let high = mix(seed ^ 0x9e3779b9, serial);
    let low = mix(Math.imul(seed, 0x85ebca6b), n);
    high = mix(high, boot);
    low = mix(low ^ (dead ? 0x27d4eb2f : 0), boot ^ Math.imul(serial, 0x165667b1));
    high = mix(high ^ (dead ? 0x2545f491 : 0), n);
    const bucket = this.bucketOf(seed);
    this.#words[2 * bucket] = (this.#words[2 * bucket] ?? 0) ^ high;
    this.#words[2 * bucket + 1] = (this.#words[2 * bucket + 1] ?? 0) ^ low;
    this.#high ^= high;
    this.#low ^= low;
    this.#text = undefined;
  }

  bucketOf(seed: number): number {
    return seed % directoryBucketCount;
  }

  /** The whole directory, 16 hex digits. The same object until something changes. */
  text(): string {
    this.#text ??= hex(this.#high) + hex(this.#low);
    return this.#text;
  }

  /** One text a bucket: 16 hex digits, or nothing for a bucket that sums up to zero. */
  buckets(): readonly string[] {
    const texts: string[] = [];
    for (let bucket = 0; bucket < directoryBucketCount; bucket += 1) {
      const [high, low] = [this.#words[2 * bucket] ?? 0, this.#words[2 * bucket + 1] ?? 0];
      texts.push(high === 0 && low === 0 ? "" : hex(high) + hex(low));
    }
    return texts;
  }
}

/** One round of MurmurHash3 and its finalizer (Austin Appleby, public domain), on 32 bits. */
function mix(state: number, word: number): number {
  let value = Math.imul(state ^ Math.imul(word | 0, 0xcc9e2d51), 0x1b873593);
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return value ^ (value >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
