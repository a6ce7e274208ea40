import { marks, type Presets } from "./packing.ts";

/** Reads what a `Packer` with the same presets has written, in its order. */
export class Unpacker {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  readonly #presets: Presets;
  /** What an object that has just been read is taken for: the same, or an equal one that is there already. */
  readonly #settled: (object: object) => object;
  #objects: object[] = [];
  #texts: string[] = [];
  #shapes: (readonly string[])[] = [];

  constructor(presets: Presets, settled: (object: object) => object) {
    this.#presets = presets;
    this.#settled = settled;
    this.forget();
  }

  /** Begins to read; the bytes must not change meanwhile. */
  begin(bytes: Uint8Array): void {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  forget(): void {
    this.#objects = [...this.#presets.objects];
    this.#texts = [...this.#presets.texts];
    this.#shapes = [];
  }

  byte(): number {
    const value = this.#bytes[this.#at] as number;
    this.#at += 1;
    return value;
  }

  double(): number {
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  integer(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  value(): unknown {
    const mark = this.byte();
    return mark === marks.object ? this.#fields() : this.#value(mark);
  }

  #value(mark: number): unknown {
    switch (mark) {
      case marks.undefined:
        return undefined;
      case marks.null:
        return null;
      case marks.true:
        return true;
      case marks.false:
        return false;
      case marks.integer:
        return this.integer();
      case marks.number:
        return this.double();
      case marks.text: {
        const text = this.#units();
        this.#texts.push(text);
        return text;
      }
      case marks.knownText:
        return this.#texts[this.integer()];
      case marks.list:
        return Array.from({ length: this.integer() }, () => this.#value(this.byte()));
      case marks.object:
        return this.#remembered(this.#fields());
      case marks.knownObject:
        return this.#objects[this.integer()];
      case marks.bytes:
        return this.#remembered(this.#raw());
      default:
        throw new Error(`unknown mark ${mark}`);
    }
  }

  #remembered(made: object): object {
    const object = this.#settled(made);
    this.#objects.push(object);
    return object;
  }

  #units(): string {
    const bytes = 2 * this.integer();
    const text = this.#bytes.toString("utf16le", this.#at, this.#at + bytes);
    this.#at += bytes;
    return text;
  }

  #raw(): Uint8Array {
    const length = this.integer();
    const raw = new Uint8Array(length);
    raw.set(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return raw;
  }

  #fields(): object {
    const number = this.integer();
    if (number === this.#shapes.length) {
      const shape = this.#units();
      this.#shapes.push(shape === "" ? [] : shape.split(","));
    }
    const made: { [field: string]: unknown } = {};
    for (const field of this.#shapes[number] as readonly string[]) made[field] = this.#value(this.byte());
    return made;
  }
}
