import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import type { Crypto, Signer } from "@antibody/policy";

/** DER of an Ed25519 private key, before its 32 bytes (RFC 8410). */
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** The real primitives. */
export const realCrypto: Crypto = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  verifyEd25519: (publicKey, message, signature) => {
    const key = createPublicKey({
      key: Buffer.concat([publicPrefix, publicKey]),
      format: "der",
      type: "spki",
    });
    return verify(null, message, key, signature);
  },
};

/** A real key pair whose seed is the digest of its name. */
export function signerOf(name: string): Signer {
  const seed = createHash("sha256").update(name).digest();
  const key = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(publicPrefix.length)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}
