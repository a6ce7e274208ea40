import { type PlainFields, type PlainSink, tellPlain } from "./plain.ts";

/** Texts up to this length are hashed anew each time; longer ones are remembered. Measured: about break-even. */
const freshCharacters = 12;
/** Remembered texts; beyond it all are forgotten and learned again. */
const textsMax = 65_536;

/** Marks before values, so that no two values of different shape feed the same words. */
const marks = {
  null: 1,
  undefined: 2,
  true: 3,
  false: 4,
  integer: 5,
  number: 6,
  text: 7,
  bytes: 8,
  list: 9,
  object: 10,
  signed: 11,
} as const;

/** FNV-1a's offset basis. */
const fnvStart = 0x811c9dc5 | 0;
/** The first words of pi's fraction. */
const lowStart = 0x243f6a88;
const highStart = 0x85a308d3 | 0;

/**
 * A running hash of 64 bits over plain values, in two lanes of 32: equal values in equal order give equal hashes,
 * on every machine. What is signed is hashed by its exact bytes, once for each object that carries them. It finds
 * differences between runs; it resists no attacker.
 */
export class Trace implements PlainSink {
  #low: number = lowStart;
  #high: number = highStart;
  readonly #texts = new Map<string, number>();
  readonly #bytes = new WeakMap<Uint8Array, number>();
  readonly #float = new Float64Array(1);
  readonly #words = new Uint32Array(this.#float.buffer);

  /** 16 hex digits: everything so far. */
  digest(): string {
    return hex(avalanche(this.#low)) + hex(this.hash());
  }

  /** 32 bits: everything so far. */
  hash(): number {
    return avalanche(this.#high ^ this.#low);
  }

  /** What goes on from here: both lanes, of a trace that was left off before. */
  resume(low: number, high: number): void {
    this.#low = low;
    this.#high = high;
  }

  /** The two lanes as they stand, 32 bits each. */
  get low(): number {
    return this.#low;
  }

  get high(): number {
    return this.#high;
  }

  /** Forgets what was added. */
  restart(): void {
    this.#low = lowStart;
    this.#high = highStart;
  }

  word(word: number): void {
    this.#low = nextLow(this.#low, word);
    this.#high = nextHigh(this.#high, word, this.#low);
  }

  number(value: number): void {
    if ((value | 0) === value) {
      this.word(marks.integer);
      this.word(value);
      return;
    }
    this.word(marks.number);
    this.#float[0] = value;
    this.word(this.#words[0] as number);
    this.word(this.#words[1] as number);
  }

  text(value: string): void {
    this.word(marks.text);
    this.word(value.length);
    if (value.length <= freshCharacters) this.#units(value);
    else this.word(this.#textHash(value));
  }

  /** Bytes are never changed after they were made: equal objects are hashed once. */
  bytes(value: Uint8Array): void {
    this.word(marks.bytes);
    this.word(value.length);
    this.word(this.#bytesHash(value));
  }

  constant(value: boolean | null | undefined): void {
    if (value === undefined) this.word(marks.undefined);
    else if (value === null) this.word(marks.null);
    else this.word(value ? marks.true : marks.false);
  }

  /** Any plain value. Order of fields counts. */
  value(value: unknown): void {
    tellPlain(value, this);
  }

  list(length: number): void {
    this.word(marks.list);
    this.word(length);
  }

  fields(value: PlainFields): void {
    const signed = value["bytes"];
    if (signed instanceof Uint8Array) {
      this.word(marks.signed);
      this.bytes(signed);
      return;
    }
    this.word(marks.object);
    for (const field in value) {
      this.text(field);
      tellPlain(value[field], this);
    }
    this.word(marks.null);
  }

  #units(value: string): void {
    let low = this.#low;
    let high = this.#high;
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      low = nextLow(low, unit);
      high = nextHigh(high, unit, low);
    }
    this.#low = low;
    this.#high = high;
  }

  #textHash(value: string): number {
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    let hash = fnvStart;
    let second = value.length;
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      hash = Math.imul(hash ^ unit, 0x01000193);
      second = Math.imul(rotated(second + unit, 11), 0x9e3779b1);
    }
    const joined = avalanche(hash) ^ second;
    if (this.#texts.size >= textsMax) this.#texts.clear();
    this.#texts.set(value, joined);
    return joined;
  }

  #bytesHash(value: Uint8Array): number {
    const known = this.#bytes.get(value);
    if (known !== undefined) return known;
    let hash = fnvStart;
    let second = value.length;
    for (const byte of value) {
      hash = Math.imul(hash ^ byte, 0x01000193);
      second = Math.imul(rotated(second + byte, 11), 0x9e3779b1);
    }
    const joined = avalanche(hash) ^ second;
    this.#bytes.set(value, joined);
    return joined;
  }
}

/** Remembers what it hashed, for whom asks for digests again and again. */
const digests = new Trace();

/** The hash of one plain value: 16 hex digits. */
export function digestOf(value: unknown): string {
  digests.restart();
  digests.value(value);
  return digests.digest();
}

/** Both lanes are kept as whole numbers of 32 bits, signed: V8 reckons with anything else as with a float. */
function nextLow(low: number, word: number): number {
  return (Math.imul(rotated(low ^ word, 13), 0x9e3779b1) + 0x7f4a7c15) | 0;
}

/** `low`: the other lane, as it stands with the word. */
function nextHigh(high: number, word: number, low: number): number {
  return Math.imul(rotated((high + word) | 0, 17), 0x85ebca6b) ^ (low >>> 15);
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** The last mixing steps of MurmurHash3. */
function avalanche(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
