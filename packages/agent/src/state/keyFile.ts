import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { Signer } from "@antibody/policy";
import { writeFileAtomic } from "./atomicFile.ts";
import { errnoOf, messageOf, StateError } from "./stateError.ts";

/** Bits of a mode that let anyone but the owner in. */
const othersMask = 0o077;

/** An Ed25519 private key with what is made of it. It never leaves the device and is never logged. */
export interface PrivateKey extends Signer {
  /** The 32 bytes that the key is made from (RFC 8032, 5.1.5). */
  readonly seed: Uint8Array;
}

/** A new key from the system's randomness. */
export function generateKey(): PrivateKey {
  return privateKey(generateKeyPairSync("ed25519").privateKey);
}

/** The key that 32 bytes make. */
export function keyFromSeed(seed: Uint8Array): PrivateKey {
  return privateKey(keyObjectOf(seed));
}

/** Writes a key as PEM (PKCS #8, as OpenSSL reads it), 0600. Throws a StateError, also when the file exists. */
export function writeKeyFile(path: string, key: PrivateKey): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw new StateError(
      "stateExists",
      `${path} exists already`,
      "Keep it: a lost key cannot be made again.",
    );
  }
  writeFileAtomic(path, keyObjectOf(key.seed).export({ type: "pkcs8", format: "pem" }), 0o600);
}

/**
 * Reads a key written by `writeKeyFile`. Throws a StateError: `stateMissing`, `statePermissions` (anyone but the
 * owner may read it, or it is not a plain file), `stateBroken`, `stateUnwritable`.
 */
export function readKeyFile(path: string): PrivateKey {
  const pem = readSecret(path);
  const broken = "Restore the file from a backup; without it the agent must join its swarm again.";
  try {
    const key = createPrivateKey({ key: pem, format: "pem" });
    if (key.asymmetricKeyType === "ed25519") return privateKey(key);
  } catch (error) {
    throw new StateError("stateBroken", `${path} holds no readable key: ${messageOf(error)}`, broken, error);
  }
  throw new StateError("stateBroken", `${path} holds a key that is not Ed25519`, broken);
}

function readSecret(path: string): string {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) {
      throw new StateError("statePermissions", `${path} is not a plain file`, `Look at it: ls -l ${path}`);
    }
    if ((stat.mode & othersMask) !== 0) {
      const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
      throw new StateError(
        "statePermissions",
        `others than its owner may use ${path} (mode ${mode})`,
        `If nobody has read it: chmod 0600 ${path}`,
      );
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof StateError) throw error;
    if (errnoOf(error) === "ENOENT") {
      throw new StateError(
        "stateMissing",
        `there is no key at ${path}`,
        "antibody init, or antibody join CODE",
        error,
      );
    }
    throw new StateError(
      errnoOf(error) === "EACCES" ? "statePermissions" : "stateUnwritable",
      `cannot read ${path}: ${messageOf(error)}`,
      "Run as its owner.",
      error,
    );
  }
}

function privateKey(key: KeyObject): PrivateKey {
  const { d, x } = key.export({ format: "jwk" });
  if (d === undefined || x === undefined) throw new Error("An Ed25519 key has d and x");
  return {
    publicKey: new Uint8Array(Buffer.from(x, "base64url")),
    seed: new Uint8Array(Buffer.from(d, "base64url")),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

/** RFC 8410: the fixed DER head of an Ed25519 private key in PKCS #8, before its 32 bytes. */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

function keyObjectOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: "der", type: "pkcs8" });
}
