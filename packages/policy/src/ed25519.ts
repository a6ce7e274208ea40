import type { Crypto } from "./crypto.ts";

const keyBytes = 32;
const signatureBytes = 64;

/** The order of the base point, L = 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032, 5.1). */
const orderBytes = Uint8Array.of(
  ...[0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10],
);

/** The field's prime, p = 2^255 − 19, little-endian. */
const primeBytes = Uint8Array.of(0xed, ...new Array<number>(30).fill(0xff), 0x7f);

/**
 * The y-coordinates of the eight points of small order, little-endian, without the bit for the sign of x.
 * With such a key, one signature verifies for many messages; implementations disagree on which.
 */
const smallOrderYs: readonly Uint8Array[] = [
  // Order 4: y = 0.
  new Uint8Array(32),
  // Order 1: y = 1, the neutral element.
  Uint8Array.of(1, ...new Array<number>(31).fill(0)),
  // Order 2: y = p − 1.
  Uint8Array.of(0xec, ...new Array<number>(30).fill(0xff), 0x7f),
  // Order 8: the two y with y² = (√(d+1) + 1) / d, as libsodium lists them.
  Uint8Array.of(
    ...[0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0],
    ...[0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05],
  ),
  Uint8Array.of(
    ...[0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f],
    ...[0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a],
  ),
];

/**
 * The one signature predicate. Libraries, and versions of one library, give different verdicts on edge cases
 * (of 914 public vectors Node 22 accepts 208, Node 24 accepts 43, noble 826), which would let an attacker
 * split a swarm. So the edges are cut off here, before the primitive is asked:
 * lengths, S < L, canonical A and R, and no point of small order.
 */
export function verifySignature(
  crypto: Crypto,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== keyBytes || signature.length !== signatureBytes) return false;
  // RFC 8032, 5.1.7: S in the range 0 <= S < L; otherwise S + L would be a second signature.
  if (!isBelow(signature.subarray(keyBytes), orderBytes)) return false;
  if (!isSoundPoint(publicKey) || !isSoundPoint(signature.subarray(0, keyBytes))) return false;
  return crypto.verifyEd25519(publicKey, message, signature);
}

/**
 * Whether an encoded point is canonical (RFC 8032, 5.1.3: y < p) and not of small order. The other encoding that
 * is not canonical, x = 0 with the sign set, belongs to points of small order only.
 */
function isSoundPoint(encoded: Uint8Array): boolean {
  // A copy also of a Buffer, whose own slice() would alter the caller's key.
  const y = new Uint8Array(encoded);
  y[keyBytes - 1] = (y[keyBytes - 1] ?? 0) & 0x7f;
  if (!isBelow(y, primeBytes)) return false;
  return !smallOrderYs.some((small) => small.every((byte, index) => byte === y[index]));
}

/** Whether one little-endian number is below another of the same length. */
function isBelow(number: Uint8Array, bound: Uint8Array): boolean {
  for (let index = bound.length - 1; index >= 0; index -= 1) {
    const difference = (number[index] ?? 0) - (bound[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
