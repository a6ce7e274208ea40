import { readFileSync } from "node:fs";
import { type VerifiedCertificate, type VerifiedCharter, verifyChain, verifyCharter } from "@antibody/core";
import { type Crypto, fromHex, isPlainObject, isRejection, toHex } from "@antibody/policy";
import { writeFileAtomic } from "./atomicFile.ts";
import { errnoOf, messageOf, StateError } from "./stateError.ts";

/** Version of the file. */
const charterFileVersion = 1;
/** Bytes of the file: a charter and a chain of certificates in base64, several times. */
const charterFileBytesMax = 65_536;

/** What an agent was told when it joined its swarm, or made itself when it founded it. Bytes, not verified. */
export interface CharterFile {
  readonly charter: Uint8Array;
  /** The agent's own certificates, founder first. */
  readonly chain: readonly Uint8Array[];
  /** Public key of the device's owner. */
  readonly owner: Uint8Array;
}

/** Where an agent belongs, verified. */
export interface Belonging {
  readonly charter: VerifiedCharter;
  readonly certificate: VerifiedCertificate;
  readonly owner: Uint8Array;
}

/** Writes `charter.json`; from then on the state directory holds an agent. Throws a StateError. */
export function writeCharterFile(path: string, file: CharterFile): void {
  const json = {
    v: charterFileVersion,
    charter: Buffer.from(file.charter).toString("base64"),
    chain: file.chain.map((bytes) => Buffer.from(bytes).toString("base64")),
    owner: toHex(file.owner),
  };
  writeFileAtomic(path, `${JSON.stringify(json, undefined, 2)}\n`, 0o600);
}

/**
 * Reads and verifies `charter.json`. Throws a StateError: `stateMissing` where no agent is, `stateNewer`,
 * `stateBroken` for anything else, also for a certificate that belongs to another key than the agent's.
 */
export function readCharterFile(path: string, publicKey: Uint8Array, crypto: Crypto): Belonging {
  const file = parseFile(path, readText(path));
  const charter = verifyCharter(file.charter, crypto);
  if (isRejection(charter)) throw broken(path, `the charter: ${charter.detail}`);
  const certificate = verifyChain(file.chain, charter, crypto);
  if (isRejection(certificate)) throw broken(path, `the agent's certificate: ${certificate.detail}`);
  if (toHex(certificate.publicKey) !== toHex(publicKey)) {
    throw broken(path, `the certificate is of another key than the one in agent.key`);
  }
  return { charter, certificate, owner: file.owner };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") {
      const next = "antibody init --name NAME, or antibody join CODE";
      throw new StateError("stateMissing", `there is no agent: ${path} does not exist`, next, error);
    }
    throw new StateError(
      errnoOf(error) === "EACCES" ? "statePermissions" : "stateUnwritable",
      `cannot read ${path}: ${messageOf(error)}`,
      "Run as its owner.",
      error,
    );
  }
}

function parseFile(path: string, text: string): CharterFile {
  if (text.length > charterFileBytesMax) throw broken(path, "it is too long");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw broken(path, messageOf(error), error);
  }
  if (!isPlainObject(json)) throw broken(path, "it is no JSON object");
  const { v, charter, chain, owner } = json;
  if (typeof v === "number" && v > charterFileVersion) {
    const next = "Run that version, or restore a backup of the state directory.";
    throw new StateError("stateNewer", `a newer version of Antibody wrote ${path}`, next);
  }
  const ownerKey = typeof owner === "string" ? fromHex(owner) : undefined;
  if (v !== charterFileVersion || typeof charter !== "string" || !isTexts(chain) || ownerKey?.length !== 32) {
    throw broken(path, "it lacks v, charter, chain or owner");
  }
  return { charter: fromBase64(charter), chain: chain.map(fromBase64), owner: ownerKey };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** Wrong characters make wrong bytes, which no signature fits. */
function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function broken(path: string, why: string, cause?: unknown): StateError {
  const next = "Restore the file from a backup, or join the swarm again with a new state directory.";
  return new StateError("stateBroken", `${path} cannot be used: ${why}`, next, cause);
}
