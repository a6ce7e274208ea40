import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generateKey, nodeCrypto, type PrivateKey, writeFileAtomic } from "@antibody/agent/state";
import {
  type FragmentId,
  idDigest,
  isRejection,
  keysDigest,
  type Root,
  rootCarryMax,
  rotateAuthor,
  toHex,
  verifyPolicy,
} from "@antibody/policy";
import { CliError, exitCode } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { keyPaths } from "./files.ts";
import { type AuthorKey, makeKeyFile, readNextKeyFile } from "./keyFile.ts";
import { newPassphrase } from "./passphrase.ts";
import { type AuthorSigner, isRemote, sealWith } from "./sealing.ts";
import type { AuthorSigners } from "./signers.ts";

/** A rotation that is signed and not published yet: its keys lie beside the old ones, under names of their own. */
export interface PreparedRotation {
  readonly author: AuthorKey;
  readonly root: Root;
  /** The new root's envelope. */
  readonly bytes: Uint8Array;
  readonly keyFiles: readonly string[];
  readonly nextKeyFiles: readonly string[];
  /** Where the new root will lie, for owners who have to tell it from another. */
  readonly rootFile: string;
  /** Puts the new keys in the place of the old ones, which keep the number of their root in their names. */
  finish(): Promise<void>;
}

interface NextKey {
  readonly path: string;
  readonly opened: AuthorKey;
}

/** Opens the next keys and signs the next root. Writes new key files beside the old; replaces nothing yet. */
export async function prepareRotation(
  invocation: Invocation,
  { author, otherSigners }: AuthorSigners,
  nextFiles: readonly string[],
  carried: readonly FragmentId[],
): Promise<PreparedRotation> {
  const opened: NextKey[] = [];
  for (const path of nextFiles) {
    opened.push({
      path,
      opened: await readNextKeyFile(path, invocation.terminal),
    });
  }
  const signers = opened.map(({ opened: { key } }) => key);
  const following = opened.map(() => generateKey());
  const threshold = thresholdOf(author.root, signers);
  const bytes = await sealWith([author.key, ...otherSigners, ...signers], (first, others) =>
    rotateAuthor({
      author: author.author,
      previous: author.root,
      signers: [first, ...others.slice(0, otherSigners.length)],
      nextSigners: others.slice(otherSigners.length),
      threshold,
      nextPublicKeys: following.map(({ publicKey }) => publicKey),
      nextThreshold: threshold,
      carry: carryOf(author.root, carried),
      crypto: nodeCrypto(),
    }),
  );
  const verified = verifyPolicy(bytes, { crypto: nodeCrypto(), rootOf: () => author.root });
  if (isRejection(verified) || verified.type !== "root") throw notTheNextKeys(author.name);
  const roots = [...author.roots, bytes];
  const moves = await writeKeys(invocation, author, opened, following, roots);
  const [{ key } = { key: "" }] = moves;
  const rootFile = join(dirname(key), `${author.name}.${verified.root.number}.root`);
  return {
    author,
    root: verified.root,
    bytes,
    keyFiles: moves.map(({ key }) => key),
    nextKeyFiles: moves.map(({ nextKey }) => nextKey),
    rootFile,
    finish: async () => {
      writeFileAtomic(rootFile, bytes, 0o644);
      for (const { key, nextKey } of moves) {
        await rename(key, `${key}.${author.root.number}`);
        await rename(`${key}.new`, key);
        await rename(`${nextKey}.new`, nextKey);
      }
    },
  };
}

/** Each next key becomes a signing key, with a new next key beside it. */
async function writeKeys(
  { terminal }: Invocation,
  { name, author }: AuthorKey,
  opened: readonly NextKey[],
  following: readonly PrivateKey[],
  roots: readonly Uint8Array[],
) {
  const moves: ReturnType<typeof keyPaths>[] = [];
  for (const [index, { path, opened: next }] of opened.entries()) {
    const paths = keyPaths(dirname(path), keyName(path));
    const follower = following[index];
    if (follower === undefined) throw new Error("as many keys follow as there are");
    // The follower is made here, and sealed as the key before it was; that of an agent has no passphrase to go by.
    const passphrase = isRemote(next.key) ? await newPassphrase(terminal) : next.passphrase;
    const shared = { name, author, roots, passphrase };
    const files = [
      [`${paths.nextKey}.new`, await makeKeyFile({ ...shared, role: "next", key: follower })],
      [`${paths.key}.new`, await makeKeyFile({ ...shared, role: "signing", key: next.key })],
    ] as const;
    for (const [file, content] of files) {
      writeFileAtomic(file, `${JSON.stringify(content, undefined, 2)}\n`, 0o600);
    }
    moves.push(paths);
  }
  return moves;
}

/** `…/home.next.key` is of the key `home`. */
function keyName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return file.endsWith(".next.key") ? file.slice(0, -".next.key".length) : file.replace(/\.key$/, "");
}

/** The threshold that the root named in advance together with the keys. */
function thresholdOf(root: Root, signers: readonly AuthorSigner[]): number {
  const keys = signers.map(({ publicKey }) => toHex(publicKey)).sort();
  const found = keys.findIndex(
    (_key, index) => keysDigest(nodeCrypto(), keys, index + 1) === root.nextKeysDigest,
  );
  if (found >= 0) return found + 1;
  throw notTheNextKeys("the author");
}

function carryOf(root: Root, carried: readonly FragmentId[]): readonly string[] {
  const digests = carried.map((id) => toHex(idDigest(id) ?? new Uint8Array()));
  if (digests.length <= rootCarryMax) return [...new Set(digests)];
  throw new CliError({
    code: "tooMany",
    message: `${digests.length} documents are in force, and a root carries at most ${rootCarryMax}`,
    cause: `root ${root.number + 1} names each document that stays valid`,
    next: "carry fewer streams (--keep), and publish the others again",
    exit: exitCode.failed,
  });
}

function notTheNextKeys(name: string): CliError {
  return new CliError({
    code: "nextKey",
    message: `these are not the keys that ${name}'s root named in advance`,
    cause: "a root names the keys of the one after it, so that a stolen key alone cannot rotate",
    next: "give every file that keygen or the last rotation called a next key: --next FILE",
    exit: exitCode.failed,
  });
}
