import { readFile } from "node:fs/promises";
import { keyFromSeed, nodeCrypto, type PrivateKey } from "@antibody/agent/state";
import {
  type AuthorId,
  canonicalBytes,
  fromHex,
  isPlainObject,
  isRejection,
  type Json,
  parseId,
  type Root,
  toHex,
  verifyPolicy,
} from "@antibody/policy";
import { CliError, exitCode, messageOf } from "../errors.ts";
import { type Asked, knownPassphrase } from "./passphrase.ts";
import { openSeal, type PassphraseSeal, sealSecret } from "./seal.ts";
import { type AuthorSigner, isRemote } from "./sealing.ts";
import { heldKeyOf } from "./sshAgent/keys.ts";

/** What a key of an author is for: to sign now, or to sign what follows the next root. */
export type KeyRole = "signing" | "next";

/** The part of a key file that is not secret. It is bound to the seal. */
interface KeyFileHead {
  readonly v: 1;
  readonly type: "authorKey";
  readonly name: string;
  readonly role: KeyRole;
  readonly author: AuthorId;
  /** In hexadecimal. */
  readonly publicKey: string;
  /** The author's first root, sealed, in base64. */
  readonly root: string;
  /** The roots after it, in their order; absent before the first rotation. */
  readonly rotations?: readonly string[];
}

/** A key file as it lies on disk, 0600. Of a key in an ssh-agent it only says so. */
export interface KeyFile extends KeyFileHead {
  readonly secret:
    | PassphraseSeal
    | { readonly type: "plain"; readonly seed: string }
    | { readonly type: "sshAgent" };
}

/** A key file that was opened. */
export interface AuthorKey {
  readonly name: string;
  readonly author: AuthorId;
  readonly key: AuthorSigner;
  /** The newest root that the file knows. */
  readonly root: Root;
  /** The envelopes of all roots in their order, to be offered before what they sign. */
  readonly roots: readonly Uint8Array[];
  /** What the file was opened with; undefined where it lies in the clear, or elsewhere. */
  readonly passphrase: string | undefined;
}

/** What becomes a key file. */
export interface KeyFileInput {
  readonly name: string;
  readonly role: KeyRole;
  readonly author: AuthorId;
  readonly key: AuthorSigner;
  /** The first root and those after it. */
  readonly roots: readonly Uint8Array[];
  /** Undefined: the key lies there in the clear, or elsewhere. */
  readonly passphrase: string | undefined;
}

/** Makes the content of a key file. */
export async function makeKeyFile(input: KeyFileInput): Promise<KeyFile> {
  const head: KeyFileHead = {
    v: 1,
    type: "authorKey",
    name: input.name,
    role: input.role,
    author: input.author,
    publicKey: toHex(input.key.publicKey),
    ...rootsText(input.roots),
  };
  if (isRemote(input.key)) return { ...head, secret: { type: "sshAgent" } };
  if (input.passphrase === undefined) {
    return { ...head, secret: { type: "plain", seed: toHex(input.key.seed) } };
  }
  return { ...head, secret: await sealSecret(input.key.seed, input.passphrase, contextOf(head)) };
}

/** Reads the file of a signing key. The passphrase is asked for only where there is one. Throws a CliError. */
export async function readKeyFile(path: string, terminal: Asked): Promise<AuthorKey> {
  const file = await parseKeyFile(path);
  if (file.role === "signing") return openKeyFile(path, file, terminal);
  throw keyError(
    path,
    "it is the author's next key, which signs nothing before a rotation",
    "use the signing key",
  );
}

/** Reads the file of a next key: it signs the root that makes it the signing key. Throws a CliError. */
export async function readNextKeyFile(path: string, terminal: Asked): Promise<AuthorKey> {
  const file = await parseKeyFile(path);
  if (file.role === "next") return openKeyFile(path, file, terminal);
  throw keyError(path, "it is the author's signing key", "use the next key, which keygen has made beside it");
}

async function openKeyFile(path: string, file: KeyFile, terminal: Asked): Promise<AuthorKey> {
  const { key, passphrase } = await keyIn(path, file, terminal);
  if (key === undefined || toHex(key.publicKey) !== file.publicKey) {
    throw new CliError({
      code: "wrongPassphrase",
      message: `${path} cannot be opened`,
      cause: "the passphrase is wrong, or the file was damaged",
      next: "try the passphrase again, or restore the file from a backup",
      exit: exitCode.denied,
    });
  }
  return { name: file.name, author: file.author, key, ...rootsIn(path, file), passphrase };
}

/** Who signs with the key of a file, and by which root; the key stays closed. Throws a CliError. */
export async function readRootOfKeyFile(path: string): Promise<Pick<AuthorKey, "name" | "author" | "root">> {
  const file = await parseKeyFile(path);
  return { name: file.name, author: file.author, root: rootsIn(path, file).root };
}

function rootsIn(
  path: string,
  { author, root: first, rotations = [] }: KeyFile,
): Pick<AuthorKey, "root" | "roots"> {
  const roots = [first, ...rotations].map((text) => new Uint8Array(Buffer.from(text, "base64")));
  const root = newestRoot(roots, author);
  if (root !== undefined) return { root, roots };
  throw keyError(path, "the roots in it are not the author's", "restore the file from a backup");
}

/** The key of a file, wherever it is; undefined where the seal does not open. */
async function keyIn(
  path: string,
  { secret, ...head }: KeyFile,
  terminal: Asked,
): Promise<{ readonly key: AuthorSigner | undefined; readonly passphrase?: string }> {
  switch (secret.type) {
    case "sshAgent": {
      const publicKey = fromHex(head.publicKey) ?? new Uint8Array();
      return { key: await heldKeyOf(terminal.environment["SSH_AUTH_SOCK"], publicKey) };
    }
    case "plain":
      return { key: keyOf(fromHex(secret.seed)) };
    case "scrypt-aes-256-gcm": {
      const passphrase = await knownPassphrase(terminal, path);
      return { key: keyOf(await openSeal(secret, passphrase, contextOf(head))), passphrase };
    }
    default:
      return secret satisfies never;
  }
}

function keyOf(seed: Uint8Array | undefined): PrivateKey | undefined {
  return seed?.length === 32 ? keyFromSeed(seed) : undefined;
}

/** The last of several roots that continue each other; undefined where one of them does not verify. */
export function newestRoot(roots: readonly Uint8Array[], author: AuthorId): Root | undefined {
  let newest: Root | undefined;
  for (const bytes of roots) {
    const known = newest;
    const verified = verifyPolicy(bytes, { crypto: nodeCrypto(), rootOf: () => known });
    if (isRejection(verified) || verified.type !== "root" || verified.author !== author) return undefined;
    newest = verified.root;
  }
  return newest;
}

function rootsText(roots: readonly Uint8Array[]): Pick<KeyFileHead, "root" | "rotations"> {
  const [root = "", ...rotations] = roots.map((bytes) => Buffer.from(bytes).toString("base64"));
  return rotations.length === 0 ? { root } : { root, rotations };
}

async function parseKeyFile(path: string): Promise<KeyFile> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw keyError(path, messageOf(error), "antibody author keygen --name NAME makes one");
  }
  const file = readHead(json);
  if (file === undefined)
    throw keyError(path, "it is no author's key", "antibody author keygen --name NAME makes one");
  return file;
}

function readHead(json: unknown): KeyFile | undefined {
  if (!isPlainObject(json) || json["v"] !== 1 || json["type"] !== "authorKey") return undefined;
  const { name, role, author, publicKey, root, rotations, secret } = json as { [field: string]: unknown };
  const id = typeof author === "string" ? parseId("author", author) : undefined;
  const read = readSecret(secret);
  if (id === undefined || read === undefined || (role !== "signing" && role !== "next")) return undefined;
  if (typeof name !== "string" || typeof publicKey !== "string" || typeof root !== "string") return undefined;
  const head = { v: 1, type: "authorKey", name, role, author: id, publicKey, root } as const;
  if (rotations === undefined) return { ...head, secret: read };
  if (!Array.isArray(rotations) || !rotations.every((entry) => typeof entry === "string")) return undefined;
  return { ...head, rotations, secret: read };
}

function readSecret(secret: unknown): KeyFile["secret"] | undefined {
  if (!isPlainObject(secret)) return undefined;
  const { type, seed, cost, salt, nonce, box } = secret as { [field: string]: unknown };
  if (type === "sshAgent") return { type };
  if (type === "plain" && typeof seed === "string") return { type, seed };
  if (type !== "scrypt-aes-256-gcm" || typeof cost !== "number") return undefined;
  if (typeof salt !== "string" || typeof nonce !== "string" || typeof box !== "string") return undefined;
  return { type, cost, salt, nonce, box };
}

function contextOf(head: KeyFileHead): Uint8Array {
  return canonicalBytes(head as unknown as Json);
}

function keyError(path: string, cause: string, next: string): CliError {
  return new CliError({
    code: "authorKey",
    message: `${path} cannot be used as an author's key`,
    cause,
    next,
    exit: exitCode.failed,
  });
}
