import { type Crypto, concatBytes, toHex } from "@antibody/policy";

/** Bytes of a block of SHA-256 (FIPS 180-4). */
const blockBytes = 64;

/**
 * HMAC-SHA256 (RFC 2104) in hex: the digest of contents in observations. Keyed, so that a recording which
 * leaves the device does not tell whether a file holds a guessed text. Bodies use their own HMAC; both agree.
 */
export function keyedDigest(crypto: Pick<Crypto, "sha256">, key: Uint8Array, bytes: Uint8Array): string {
  const block = new Uint8Array(blockBytes);
  block.set(key.length > blockBytes ? crypto.sha256(key) : key);
  const inner = crypto.sha256(concatBytes([block.map((byte) => byte ^ 0x36), bytes]));
  return toHex(crypto.sha256(concatBytes([block.map((byte) => byte ^ 0x5c), inner])));
}
