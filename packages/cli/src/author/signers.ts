import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { compareText, toHex } from "@antibody/policy";
import { Option } from "commander";
import { CliError, exitCode, usageError } from "../errors.ts";
import { type Invocation, shellWord } from "../invocation.ts";
import { readEach } from "../options.ts";
import { printable } from "../text/printable.ts";
import { type AuthorKey, readKeyFile } from "./keyFile.ts";
import type { AuthorSigner } from "./sealing.ts";

/** An author with as many keys as its root's threshold asks for. */
export interface AuthorSigners {
  readonly author: AuthorKey;
  readonly otherSigners: readonly AuthorSigner[];
}

/** Whose key signs; mandatory where the command says so. */
export function authorOption(): Option {
  return new Option(
    "--author <name>",
    "an author whose key is in the state directory, or the file of its key",
  );
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

/** Authors whose signing keys lie in the state directory, by their names. */
function keysHere({ state }: Invocation): readonly string[] {
  const directory = join(state, "author-keys");
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .flatMap((file) =>
      file.endsWith(".key") && !file.endsWith(".next.key") ? [file.slice(0, -".key".length)] : [],
    )
    .toSorted(compareText);
}

/** Nobody was named who could sign. */
export function nobodyToSign(invocation: Invocation, command: string): CliError {
  const [only, ...others] = keysHere(invocation);
  const name = only === undefined || others.length > 0 ? "NAME" : shellWord(only);
  return usageError(
    "an author must sign",
    `--author is missing; ${keysText(invocation)}`,
    only === undefined
      ? `${invocation.self} author keygen --name NAME`
      : `${invocation.self} ${command} --author ${name}`,
  );
}

function noSuchKey(invocation: Invocation, name: string): CliError {
  return new CliError({
    code: "authorKey",
    message: `there is no author's key ${printable(name.slice(0, 80))}`,
    cause: `it is no file, and ${keysText(invocation)}`,
    next: `name one of them, or a key file; a new one: ${invocation.self} author keygen --name NAME`,
    exit: exitCode.failed,
  });
}

function keysText(invocation: Invocation): string {
  const names = keysHere(invocation);
  return names.length === 0
    ? `no key lies in ${join(invocation.state, "author-keys")}`
    : `keys in the state directory: ${names.slice(0, keysShownMax).join(", ")}`;
}

/** Keys that one message names. A guess. */
const keysShownMax = 8;

/** Opens an author's key, and further ones until its threshold is met. Throws a CliError. */
export async function readSigners(
  invocation: Invocation,
  name: string,
  also: readonly string[] = [],
): Promise<AuthorSigners> {
  const read = async (text: string): Promise<AuthorKey> => {
    const file = keyFileOf(invocation, text);
    if (!existsSync(file)) throw noSuchKey(invocation, text);
    return readKeyFile(file, invocation.terminal);
  };
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
