import { concatBytes } from "@antibody/policy";
import { frameBytesMax } from "../limits.ts";

/** The peer broke framing or bounds, or sent what is no message. An honest peer never does. */
export class ProtocolBreach extends Error {
  override readonly name = "ProtocolBreach";
}

/** Bytes of the length before a frame, at most: seven bits each. */
const lengthBytesMax = 4;

/**
 * Takes frames off what a stream brings, each behind its length as a varint. Without promises: a chain of async
 * iterators costs an agent at rest more than everything else about a message that it reads.
 */
export class Frames {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  /** Below so many bytes there is no whole frame. */
  #wantedBytes = 1;

  /** Whether what came ends between two frames. */
  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Adds what came. It is kept as it is. */
  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The next whole frame, or undefined until more has come. Throws a ProtocolBreach on a length beyond the bounds. */
  next(): Uint8Array | undefined {
    if (this.#bytes < this.#wantedBytes) return undefined;
    const bytes = this.#joined();
    const head = readLength(bytes);
    if (head === undefined) {
      this.#wantedBytes = bytes.length + 1;
      return undefined;
    }
    const end = head.bytes + head.length;
    if (bytes.length < end) {
      this.#wantedBytes = end;
      return undefined;
    }
    this.#wantedBytes = 1;
    this.#chunks = end === bytes.length ? [] : [bytes.subarray(end)];
    this.#bytes = bytes.length - end;
    return bytes.subarray(head.bytes, end);
  }

  #joined(): Uint8Array {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const bytes = concatBytes(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }
}

/** The length of a frame as it stands before it: a varint. */
export function lengthPrefix(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 7) bytes.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
  return Uint8Array.from(bytes);
}

/** Undefined while its last byte is missing. */
function readLength(bytes: Uint8Array): { readonly length: number; readonly bytes: number } | undefined {
  let length = 0;
  for (let index = 0; index < lengthBytesMax; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte >= 0x80) continue;
    if (length > frameBytesMax) throw new ProtocolBreach(`a frame of ${length} bytes`);
    return { length, bytes: index + 1 };
  }
  throw new ProtocolBreach("a frame whose length does not end");
}
