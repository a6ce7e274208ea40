import { createHash } from "node:crypto";
import { type Crypto, type Signer, toHex } from "@antibody/policy";

/** Signatures that anybody could forge, a hundred times faster than real ones: histories are about order, not keys. */
export const quickCrypto: Crypto = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  verifyEd25519: (publicKey, message, signature) =>
    Buffer.from(quickSignature(publicKey, message)).equals(Buffer.from(signature)),
};

function quickSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = createHash("sha256").update(publicKey).update(message).digest();
  const signature = new Uint8Array(64);
  signature.set(half);
  signature.set(half, 32);
  // Within the bounds that every signature must keep: y < p, and S < L.
  signature[31] = 1;
  signature[63] = 0;
  return signature;
}

/** A key of such signatures, the same for the same label. */
export function signerOf(label: string): Signer {
  const publicKey = new Uint8Array(createHash("sha256").update(label).digest());
  publicKey[31] = 2;
  return { publicKey, sign: (message) => quickSignature(publicKey, message) };
}

/** The owner whose key the devices of these tests pin. */
export const owner: Signer = signerOf("owner");
/** What the devices of these histories pin. */
export const ownerHex: string = toHex(owner.publicKey);
