/** Seven bits a byte, lowest first; the eighth says that another follows. */
const low7 = 0x7f;
const more = 0x80;

/** Grows as whole numbers are written into it, each in as few bytes as it needs. */
export class ByteWriter {
  #bytes = new Uint8Array(1_024);
  #length = 0;

  /** A whole number from 0 up to 2^53. */
  unsigned(value: number): void {
    if (!(value >= 0) || !Number.isSafeInteger(value)) throw new Error(`${value} is no count`);
    let rest = value;
    while (rest > low7) {
      this.#byte((rest % more) + more);
      rest = Math.floor(rest / more);
    }
    this.#byte(rest);
  }

  /** A whole number between -2^52 and 2^52: small distances from 0 take few bytes. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const wider = new Uint8Array(2 * this.#bytes.length + count);
    wider.set(this.#bytes);
    this.#bytes = wider;
  }
}

/** Reads what a `ByteWriter` wrote. Throws where the bytes end too soon. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  unsigned(): number {
    let value = 0;
    let weight = 1;
    for (;;) {
      const byte = this.#bytes[this.#offset];
      if (byte === undefined) throw new Error("The recording ends too soon");
      this.#offset += 1;
      value += (byte & low7) * weight;
      if (byte < more) return value;
      weight *= more;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  raw(count: number): Uint8Array {
    if (this.#offset + count > this.#bytes.length) throw new Error("The recording ends too soon");
    this.#offset += count;
    return this.#bytes.subarray(this.#offset - count, this.#offset);
  }
}
