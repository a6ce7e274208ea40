import { createPublicKey, verify } from "node:crypto";
import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generateKey, keyFromSeed, readKeyFile, writeKeyFile } from "../../src/state/keyFile.ts";
import { nodeCrypto } from "../../src/state/nodeCrypto.ts";
import { StateError } from "../../src/state/stateError.ts";
import { scratchDirectory } from "./scratch.ts";

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof StateError) return error.code;
    throw error;
  }
  return "no error";
}

test("a key comes back from its file, which only its owner may read", () => {
  const path = join(scratchDirectory(), "agent.key");
  const key = generateKey();
  writeKeyFile(path, key);
  const read = readKeyFile(path);
  expect(read.seed).toEqual(key.seed);
  expect(read.publicKey).toEqual(key.publicKey);
  expect(keyFromSeed(key.seed).publicKey).toEqual(key.publicKey);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("what a key signs, its public key verifies, and OpenSSL agrees", () => {
  const key = generateKey();
  const message = Buffer.from("hello");
  const signature = key.sign(message);
  const crypto = nodeCrypto();
  expect(crypto.verifyEd25519(key.publicKey, message, signature)).toBe(true);
  expect(crypto.verifyEd25519(key.publicKey, Buffer.from("hullo"), signature)).toBe(false);
  const path = join(scratchDirectory(), "agent.key");
  writeKeyFile(path, key);
  expect(verify(null, message, createPublicKey(readFileSync(path, "utf8")), signature)).toBe(true);
});

test("a key is never overwritten", () => {
  const path = join(scratchDirectory(), "agent.key");
  writeKeyFile(path, generateKey());
  const before = readFileSync(path, "utf8");
  expect(codeOf(() => writeKeyFile(path, generateKey()))).toBe("stateExists");
  expect(readFileSync(path, "utf8")).toBe(before);
});

test("a key that others may read, a missing one and a broken one are refused, each for its reason", () => {
  const directory = scratchDirectory();
  const path = join(directory, "agent.key");
  expect(codeOf(() => readKeyFile(path))).toBe("stateMissing");
  writeKeyFile(path, generateKey());
  for (const mode of [0o640, 0o604, 0o660]) {
    chmodSync(path, mode);
    expect(codeOf(() => readKeyFile(path))).toBe("statePermissions");
  }
  chmodSync(path, 0o600);
  expect(codeOf(() => readKeyFile(path))).toBe("no error");
  writeFileSync(path, "garbage");
  expect(codeOf(() => readKeyFile(path))).toBe("stateBroken");
  const loop = join(directory, "loop.key");
  symlinkSync(directory, loop);
  expect(codeOf(() => readKeyFile(loop))).toBe("statePermissions");
});

test("bytes that are no key, and no point of the curve, verify nothing and throw nothing", () => {
  const { verifyEd25519 } = nodeCrypto();
  const signature = new Uint8Array(64);
  expect(verifyEd25519(new Uint8Array(31), Buffer.of(), signature)).toBe(false);
  expect(verifyEd25519(new Uint8Array(32).fill(2), Buffer.of(), signature)).toBe(false);
});

test("a thousand keys more than are kept ready still verify", () => {
  const crypto = nodeCrypto();
  const message = Buffer.from("m");
  const keys = Array.from({ length: 1_100 }, () => generateKey());
  const verified = [...keys, ...keys.slice(0, 5)].map((key) =>
    crypto.verifyEd25519(key.publicKey, message, key.sign(message)),
  );
  expect(verified.every(Boolean)).toBe(true);
});
