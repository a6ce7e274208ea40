import type { Incarnation } from "../../contract/statements.ts";
import { nothing } from "../../keeping/rare.ts";
import { directoryBucketCount } from "../../limits.ts";

/** What takes statements, or takes them away again: the exclusive or is its own inverse. */
export interface Toggled {
  toggle(seed: number, incarnation: Incarnation, dead: boolean): void;
}

/** Adds all that a digest is of. */
type Fill = (toggled: Toggled) => void;

/** So many changes of a copy are remembered; a simulator's agents have a few each before they are asked for buckets. */
const sinceMax = 32;

/**
 * Digests of a directory, by bucket and whole: the exclusive or of 64 bits for each (agent, incarnation, dead or
 * not), so that one changed member costs the same in a swarm of five and of ten thousand. They find honest
 * differences; they do not withstand a member that looks for collisions, which hides nothing but its own entry.
 */
export class DirectoryDigest implements Toggled {
  /** Two words a bucket, from the first time that buckets are asked for: most agents of a simulator never are. */
  #words: Int32Array | undefined;
  /** What this digest is a copy of, and what was toggled since, as (bucket, high, low); until there are words. */
  #original: DirectoryDigest | undefined;
  #since: readonly number[] | undefined;
  #high = 0;
  #low = 0;
  #text: string | undefined;

  /** `other` must not change any more; its words are reckoned once for all copies, from what `fill` adds. */
  static copyOf(other: DirectoryDigest, fill: Fill): DirectoryDigest {
    other.#words ??= other.#newWords(fill);
    const digest = new DirectoryDigest();
    digest.#original = other;
    digest.#high = other.#high;
    digest.#low = other.#low;
    digest.#text = other.#text;
    return digest;
  }

  /** Adds a statement, or takes it away again. */
  toggle(seed: number, incarnation: Incarnation, dead: boolean): void {
    const high = highOf(seed, incarnation, dead);
    const low = lowOf(seed, incarnation, dead);
    if (this.#words !== undefined) addTo(this.#words, this.bucketOf(seed), high, low);
    else if (this.#original !== undefined) this.#note(this.bucketOf(seed), high, low);
    this.#high ^= high;
    this.#low ^= low;
    this.#text = undefined;
  }

  bucketOf(seed: number): number {
    return seed % directoryBucketCount;
  }

  /** The whole directory, 16 hex digits. The same object until something changes. */
  text(): string {
    this.#text ??= wholeText(this.#high, this.#low);
    return this.#text;
  }

  /**
   * One text a bucket: 16 hex digits, or nothing for a bucket that sums up to zero. `fill` adds all that was added
   * to this digest so far; it is called once.
   */
  buckets(fill: Fill): readonly string[] {
    const words = this.#words ?? this.#fill(fill);
    const texts: string[] = [];
    for (let bucket = 0; bucket < directoryBucketCount; bucket += 1) {
      texts.push(bucketText(bucket, words[2 * bucket] ?? 0, words[2 * bucket + 1] ?? 0));
    }
    return texts;
  }

  #note(bucket: number, high: number, low: number): void {
    const since = this.#since ?? nothing;
    const last = since.length - 3;
    // Taken away and added again: an agent's own entry, as it signs it at its start.
    if (since[last] === bucket && since[last + 1] === high && since[last + 2] === low) {
      this.#since = last === 0 ? undefined : since.slice(0, last);
      return;
    }
    // Of lists that are made at once none has room to spare.
    this.#since = since.concat([bucket, high, low]);
    if (this.#since.length < 3 * sinceMax) return;
    this.#since = undefined;
    this.#original = undefined;
  }

  #fill(fill: Fill): Int32Array {
    const words = this.#copiedWords() ?? this.#newWords(fill);
    this.#words = words;
    this.#original = undefined;
    this.#since = undefined;
    return words;
  }

  #copiedWords(): Int32Array | undefined {
    const original = this.#original;
    const words = original === undefined ? undefined : original.#words?.slice();
    const since = this.#since ?? [];
    for (let at = 0; words !== undefined && at < since.length; at += 3) {
      addTo(words, since[at] as number, since[at + 1] as number, since[at + 2] as number);
    }
    return words;
  }

  #newWords(fill: Fill): Int32Array {
    const words = new Int32Array(2 * directoryBucketCount);
    fill({
      toggle: (seed, incarnation, dead) =>
        addTo(words, this.bucketOf(seed), highOf(seed, incarnation, dead), lowOf(seed, incarnation, dead)),
    });
    return words;
  }
}

function addTo(words: Int32Array, bucket: number, high: number, low: number): void {
  words[2 * bucket] = (words[2 * bucket] ?? 0) ^ high;
  words[2 * bucket + 1] = (words[2 * bucket + 1] ?? 0) ^ low;
}

function highOf(seed: number, [serial, boot, n]: Incarnation, dead: boolean): number {
  const high = mix(mix(seed ^ 0x9e3779b9, serial), boot);
  return mix(high ^ (dead ? 0x2545f491 : 0), n);
}

function lowOf(seed: number, [serial, boot, n]: Incarnation, dead: boolean): number {
  const low = mix(Math.imul(seed, 0x85ebca6b), n);
  return mix(low ^ (dead ? 0x27d4eb2f : 0), boot ^ Math.imul(serial, 0x165667b1));
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

/** The words told last of each bucket, by whomever, and their text: the minds of a simulator hold nearly the same. */
const lastWords = new Int32Array(2 * directoryBucketCount);
const lastTexts = new Array<string>(directoryBucketCount).fill("");

function bucketText(bucket: number, high: number, low: number): string {
  if (lastWords[2 * bucket] !== high || lastWords[2 * bucket + 1] !== low) {
    lastWords[2 * bucket] = high;
    lastWords[2 * bucket + 1] = low;
    lastTexts[bucket] = high === 0 && low === 0 ? "" : hex(high) + hex(low);
  }
  return lastTexts[bucket] as string;
}

/** By byte. */
const byteTexts = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The same for a whole directory. */
let lastHigh = 0;
let lastLow = 0;
let lastText = hex(0) + hex(0);

function wholeText(high: number, low: number): string {
  if (high !== lastHigh || low !== lastLow) {
    lastHigh = high;
    lastLow = low;
    lastText = hex(high) + hex(low);
  }
  return lastText;
}

/** 8 hex digits. By table, since a massacre asks for some hundred thousand. */
function hex(word: number): string {
  return byteText(word >>> 24) + byteText(word >>> 16) + byteText(word >>> 8) + byteText(word);
}

function byteText(word: number): string {
  return byteTexts[word & 255] as string;
}
