/**
 * The two primitives that policy needs, injected: the device uses node:crypto, the simulator memoizes.
 *
 * `verifyEd25519` is asked only through `verifySignature` (ed25519.ts), because implementations differ on
 * edge cases. It returns false, and does not throw, for a key that is no point of the curve.
 */
export interface Crypto {
  /** SHA-256: 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** RFC 8032 verification without cofactor, for a raw 32-byte key and a 64-byte signature. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** A key that can sign: in memory, in an agent, or in hardware. */
export interface Signer {
  /** The raw 32-byte Ed25519 public key. */
  readonly publicKey: Uint8Array;
  /** The 64-byte Ed25519 signature of a message. */
  sign(message: Uint8Array): Uint8Array;
}
