import { type Crypto, toHex } from "@antibody/policy";
import type { ResourceContext } from "../../contract/resource.ts";

/** Bytes of a block of SHA-256 (FIPS 180-4). */
const blockBytes = 64;

/**
 * HMAC-SHA256 (RFC 2104) in hex: the digest of contents in observations. Keyed, so that a recording which
 * leaves the device does not tell whether a file holds a guessed text. Bodies use their own HMAC; both agree.
 */
export function keyedDigest(crypto: Pick<Crypto, "sha256">, key: Uint8Array, bytes: Uint8Array): string {
  const padded = key.length > blockBytes ? crypto.sha256(key) : key;
  const inner = crypto.sha256(afterPad(padded, 0x36, bytes));
  return toHex(crypto.sha256(afterPad(padded, 0x5c, inner)));
}

/** Contents of one device, told by digests under its key alone. */
export class KeyedContext implements ResourceContext {
  readonly #crypto: Pick<Crypto, "sha256">;
  readonly #key: Uint8Array;

  constructor(crypto: Pick<Crypto, "sha256">, key: Uint8Array) {
    this.#crypto = crypto;
    this.#key = key;
  }

  digest(bytes: Uint8Array): string {
    return keyedDigest(this.#crypto, this.#key, bytes);
  }
}

/** A key as a block, each byte of it changed by the pad, and what follows. */
function afterPad(key: Uint8Array, pad: number, bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(blockBytes + bytes.length).fill(pad, 0, blockBytes);
  for (let index = 0; index < key.length; index += 1) all[index] = (key[index] as number) ^ pad;
  all.set(bytes, blockBytes);
  return all;
}
