import { createHmac, hash } from "node:crypto";

/** Bytes of a block of SHA-256 (FIPS 180-4). */
const blockBytes = 64;
/** Longer contents are hashed in place instead of copied behind the inner pad. */
const copiedBytesMax = 65_536;

/** Digests bytes under the agent's digest key, in hex; equal to core's `keyedDigest`. */
export type Digest = (bytes: Uint8Array) => string;

/**
 * HMAC-SHA256 (RFC 2104) by two one-shot hashes over a buffer that is kept: a third of the time of `createHmac`
 * for small files, of which a sweep reads thousands.
 */
export function keyedDigester(key: Uint8Array): Digest {
  const block = Buffer.alloc(blockBytes);
  block.set(key.length > blockBytes ? hash("sha256", key, "buffer") : key);
  const inner = Buffer.alloc(blockBytes + copiedBytesMax);
  inner.set(block.map((byte) => byte ^ 0x36));
  const outer = Buffer.alloc(blockBytes + 32);
  outer.set(block.map((byte) => byte ^ 0x5c));
  return (bytes) => {
    if (bytes.length > copiedBytesMax) return createHmac("sha256", key).update(bytes).digest("hex");
    inner.set(bytes, blockBytes);
    outer.set(hash("sha256", inner.subarray(0, blockBytes + bytes.length), "buffer"), blockBytes);
    return hash("sha256", outer, "hex");
  };
}
