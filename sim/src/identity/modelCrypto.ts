import { hash } from "node:crypto";
import { type Crypto, concatBytes, type Signer, utf8 } from "@antibody/policy";

/**
 * Signatures are modeled: whoever knows the public key could sign, and nobody in a world does for another. Every
 * other rule about signed things (envelopes, chains, thresholds, ids) is the real one, over real digests.
 */
export const modelCrypto: Crypto = {
  sha256,
  verifyEd25519: (publicKey, message, signature) => {
    const expected = signatureOf(publicKey, message);
    return signature.length === expected.length && expected.every((byte, index) => byte === signature[index]);
  },
};

/** A key pair by its name: equal names give equal keys. */
export function modelSigner(name: string): Signer {
  return signerOf(canonicalPoint(sha256(utf8(`key ${name}`))));
}

/** The key pair of a public key. */
export function signerOf(publicKey: Uint8Array): Signer {
  return new ModelSigner(publicKey);
}

class ModelSigner implements Signer {
  readonly publicKey: Uint8Array;

  constructor(publicKey: Uint8Array) {
    this.publicKey = publicKey;
  }

  sign(message: Uint8Array): Uint8Array {
    return signatureOf(this.publicKey, message);
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash("sha256", bytes, "buffer"));
}

/** Shaped as Ed25519's: R is the canonical encoding of a y-coordinate, S is below the order of the base point. */
function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const tag = sha256(concatBytes([publicKey, message]));
  return concatBytes([canonicalPoint(tag), canonicalPoint(sha256(tag))]);
}

/** Clears the highest bits: below 2^252, thus below the prime and the order. */
function canonicalPoint(bytes: Uint8Array): Uint8Array {
  const point = bytes.slice();
  point[31] = (point[31] ?? 0) & 0x0f;
  return point;
}
