import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "@antibody/policy";
import { Option } from "commander";
import { CliError, exitCode, usageError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { readEach } from "../options.ts";
import { type AuthorKey, readKeyFile } from "./keyFile.ts";
import type { AuthorSigner } from "./sealing.ts";

/** An author with as many keys as its root's threshold asks for. */
export interface AuthorSigners {
  readonly author: AuthorKey;
  readonly otherSigners: readonly AuthorSigner[];
}

/** `--also FILE`: further keys of an author whose root asks for several signatures. */
export function alsoOption(): Option {
  return new Option(
    "--also <file>",
    "another key of the author, where it needs several (repeatable)",
  ).argParser(readEach);
}

/** The key file that was meant: the one named, or the one that `author keygen` made for an author of this name. */
export function keyFileOf(invocation: Invocation, author: string): string {
  const made = join(invocation.state, "author-keys", `${author}.key`);
  // A directory of that name is no key: whoever publishes from / has a /home.
  const isFile = statSync(author, { throwIfNoEntry: false })?.isFile() === true;
  return !isFile && !author.includes("/") && existsSync(made) ? made : author;
}

/** Opens an author's key, and further ones until its threshold is met. Throws a CliError. */
export async function readSigners(
  invocation: Invocation,
  name: string,
  also: readonly string[] = [],
): Promise<AuthorSigners> {
  const read = (text: string): Promise<AuthorKey> =>
    readKeyFile(keyFileOf(invocation, text), invocation.terminal);
  const author = await read(name);
  const others: AuthorKey[] = [];
  for (const file of also) others.push(await read(file));
  const stranger = others.find((other) => other.author !== author.author);
  if (stranger !== undefined) {
    throw usageError(
      "a key is of another author",
      `${stranger.name} signs for ${stranger.author}`,
      "leave it out",
    );
  }
  const signing = [author.key, ...others.map(({ key }) => key)].filter((key) =>
    author.root.keys.includes(toHex(key.publicKey)),
  );
  const distinct = new Set(signing.map(({ publicKey }) => toHex(publicKey)));
  if (distinct.size >= author.root.threshold) return { author, otherSigners: others.map(({ key }) => key) };
  throw new CliError({
    code: "tooFewSignatures",
    message: `${distinct.size} of ${author.root.threshold} signatures that the author's root asks for`,
    cause: "several people sign for this author together",
    next: "add the other keys: --also FILE",
    exit: exitCode.failed,
  });
}
