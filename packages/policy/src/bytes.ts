// RFC 4648 section 6, in lowercase: what ids are written in. No padding, since their length is fixed.
const base32Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
const hexAlphabet = "0123456789abcdef";

/** Arguments of one call, at most. */
const codesMax = 4_096;

/** Bytes as lowercase base32 (RFC 4648) without padding, after a text of ASCII. */
export function base32Encode(bytes: Uint8Array, before = ""): string {
  const codes: number[] = [];
  for (let index = 0; index < before.length; index += 1) codes.push(before.charCodeAt(index));
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    bitCount += 8;
    while (bitCount >= 5) {
      bitCount -= 5;
      codes.push(base32Alphabet.charCodeAt((bits >> bitCount) & 31));
    }
    bits &= (1 << bitCount) - 1;
  }
  if (bitCount > 0) codes.push(base32Alphabet.charCodeAt((bits << (5 - bitCount)) & 31));
  return textOf(codes);
}

/**
 * Characters as a text in one piece. What is put together character by character stays a chain of pieces, 32 bytes
 * each, until somebody reads it; and ids, which are held by the thousand, are compared rather than read.
 */
function textOf(codes: readonly number[]): string {
  if (codes.length <= codesMax) return String.fromCharCode(...codes);
  let text = "";
  for (let from = 0; from < codes.length; from += codesMax) {
    text += String.fromCharCode(...codes.slice(from, from + codesMax));
  }
  return text;
}

/** The bytes of lowercase base32 without padding, or undefined: only the one text that encodes them is taken. */
export function base32Decode(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let length = 0;
  let bits = 0;
  let bitCount = 0;
  for (const character of text) {
    const value = base32Alphabet.indexOf(character);
    if (value < 0) return undefined;
    bits = (bits << 5) | value;
    bitCount += 5;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[length] = bits >> bitCount;
      length += 1;
      bits &= (1 << bitCount) - 1;
    }
  }
  // Left-over bits that are not zero, or a whole left-over character, would give one value two spellings.
  return bits === 0 && bitCount < 5 ? bytes : undefined;
}

/** Bytes as lowercase hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  const codes = new Array<number>(2 * bytes.length);
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] as number;
    codes[2 * index] = hexAlphabet.charCodeAt(byte >> 4);
    codes[2 * index + 1] = hexAlphabet.charCodeAt(byte & 15);
  }
  return textOf(codes);
}

/** The bytes of lowercase hexadecimal, or undefined. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    const high = hexAlphabet.indexOf(text.charAt(2 * index));
    const low = hexAlphabet.indexOf(text.charAt(2 * index + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[index] = high * 16 + low;
  }
  return bytes;
}

/** Whether two byte strings are equal. Not in constant time: nothing compared here is secret. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}

/** Byte strings, one after the other. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The one order of texts: by UTF-16 code unit, equal on every machine and in every locale. */
export function compareText(left: string, right: string): -1 | 0 | 1 {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

const encoder = new TextEncoder();

/** A text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
