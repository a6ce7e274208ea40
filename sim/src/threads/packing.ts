import { type PlainFields, type PlainSink, tellPlain } from "../hash/plain.ts";

/** What both sides know from the start: told by number from the first time on. */
export interface Presets {
  readonly objects: readonly object[];
  readonly texts: readonly string[];
}

/** Objects and texts that are remembered beside the presets. Beyond it all are forgotten, by both sides. */
const rememberedMax = 32_768;
const firstBytes = 65_536;
/** In a quiet swarm most windows leave no letter. */
const nothing = new Uint8Array(0);

/** What comes next. */
export const marks = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  integer: 4,
  number: 5,
  text: 6,
  knownText: 7,
  list: 8,
  object: 9,
  knownObject: 10,
  bytes: 11,
} as const;

/**
 * Writes plain values as bytes, for the one who unpacks them in the same order: JSON, bytes, `undefined`, infinite
 * numbers. An object within a value is written once and told by its number from then on, as is a text: what agents send
 * to each other is mostly made of what they have sent before. Throws for what is not plain.
 */
export class Packer implements PlainSink {
  #bytes = new Uint8Array(firstBytes);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #presets: Presets;
  #objects = new Map<object, number>();
  #texts = new Map<string, number>();
  /** Fields of objects, joined, by the order in which they were met. */
  #shapes = new Map<string, number>();

  constructor(presets: Presets) {
    this.#presets = presets;
    this.forget();
  }

  /** What was written since the last `clear`, until the next call. */
  get written(): Uint8Array {
    return this.#length === 0 ? nothing : this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Whether so much is remembered that both sides should forget it. */
  get isFull(): boolean {
    const known = this.#presets.objects.length + this.#presets.texts.length;
    return this.#objects.size + this.#texts.size + this.#shapes.size > known + rememberedMax;
  }

  /** Forgets everything but the presets; the one who unpacks must do so at the same place. */
  forget(): void {
    this.#objects = new Map(this.#presets.objects.map((object, number) => [object, number]));
    this.#texts = new Map(this.#presets.texts.map((text, number) => [text, number]));
    this.#shapes = new Map();
  }

  byte(value: number): void {
    if (this.#length + 16 > this.#bytes.length) this.#grow(16);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  double(value: number): void {
    if (this.#length + 16 > this.#bytes.length) this.#grow(16);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** A whole number of 32 bits, signed: the nearer to 0, the shorter. */
  integer(value: number): void {
    if (this.#length + 16 > this.#bytes.length) this.#grow(16);
    const bytes = this.#bytes;
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest >= 128) {
      bytes[this.#length] = (rest & 127) | 128;
      this.#length += 1;
      rest >>>= 7;
    }
    bytes[this.#length] = rest;
    this.#length += 1;
  }

  /** Any plain value; the outermost object of it is not remembered. */
  value(value: unknown): void {
    if (isObject(value)) this.#fields(value);
    else tellPlain(value, this);
  }

  constant(value: boolean | null | undefined): void {
    if (value === undefined) this.byte(marks.undefined);
    else if (value === null) this.byte(marks.null);
    else this.byte(value ? marks.true : marks.false);
  }

  number(value: number): void {
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.byte(marks.integer);
      this.integer(value);
      return;
    }
    this.byte(marks.number);
    this.double(value);
  }

  text(value: string): void {
    const known = this.#texts.get(value);
    if (known !== undefined) {
      this.byte(marks.knownText);
      this.integer(known);
      return;
    }
    this.#texts.set(value, this.#texts.size);
    this.byte(marks.text);
    this.#units(value);
  }

  #units(value: string): void {
    const { length } = value;
    this.integer(length);
    if (this.#length + 2 * length > this.#bytes.length) this.#grow(2 * length);
    for (let index = 0; index < length; index += 1) {
      this.#view.setUint16(this.#length, value.charCodeAt(index), true);
      this.#length += 2;
    }
  }

  bytes(value: Uint8Array): void {
    if (this.#isTold(value)) return;
    this.#raw(value);
    this.#objects.set(value, this.#objects.size);
  }

  list(length: number): void {
    this.byte(marks.list);
    this.integer(length);
  }

  fields(value: PlainFields): void {
    if (this.#isTold(value)) return;
    this.#fields(value);
    // Numbered when it is complete, as by the one who makes it.
    this.#objects.set(value, this.#objects.size);
  }

  #isTold(value: object): boolean {
    const known = this.#objects.get(value);
    if (known === undefined) return false;
    this.byte(marks.knownObject);
    this.integer(known);
    return true;
  }

  #raw(value: Uint8Array): void {
    this.byte(marks.bytes);
    this.integer(value.length);
    if (this.#length + value.length > this.#bytes.length) this.#grow(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #fields(value: PlainFields): void {
    if (Object.getPrototypeOf(value) !== Object.prototype)
      throw new Error("An object of a class is no plain value");
    const fields = Object.keys(value);
    const shape = fields.join();
    const known = this.#shapes.get(shape);
    this.byte(marks.object);
    this.integer(known ?? this.#shapes.size);
    if (known === undefined) {
      this.#shapes.set(shape, this.#shapes.size);
      this.#units(shape);
    }
    for (const field of fields) tellPlain(value[field], this);
  }

  #grow(bytes: number): void {
    const wide = new Uint8Array(2 * (this.#bytes.length + bytes));
    wide.set(this.#bytes);
    this.#bytes = wide;
    this.#view = new DataView(wide.buffer);
  }
}

function isObject(value: unknown): value is PlainFields {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
