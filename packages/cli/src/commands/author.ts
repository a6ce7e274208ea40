import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { generateKey, nodeCrypto, type PrivateKey, writeFileAtomic } from "@antibody/agent/state";
import { type CreatedAuthor, createAuthor, shortId } from "@antibody/policy";
import { compareCode } from "../author/compareCode.ts";
import { type KeyRole, makeKeyFile } from "../author/keyFile.ts";
import { newPassphrase } from "../author/passphrase.ts";
import { CliError, exitCode } from "../errors.ts";
import { shellWord } from "../invocation.ts";
import { readGlobs, readName } from "../options.ts";
import { actAsOwnerOf } from "../service/owner.ts";
import type { Verb } from "../verb.ts";

/** What `author keygen` tells, as `--json` prints it. */
interface KeygenView {
  readonly schema: "antibody.author/1";
  readonly name: string;
  readonly author: string;
  /** For people to compare, when the root is handed over. */
  readonly compareCode: string;
  readonly keyFile: string;
  readonly nextKeyFile: string;
  readonly rootFile: string;
  readonly sealed: boolean;
}

interface KeygenOptions {
  readonly name: string;
  readonly out?: string;
  readonly scope?: readonly string[];
  /** commander's reading of `--no-passphrase`. */
  readonly passphrase: boolean;
}

/** `antibody author keygen`: a key to sign policy with, the key after it, and the root that owners pin. */
export const authorKeygen: Verb<KeygenOptions> = {
  usage: "keygen",
  summary: "Make an author: a signing key, the next key (to rotate to), and the root that owners accept.",
  examples: [
    "antibody author keygen --name home",
    'antibody author keygen --name lights --scope "file:/etc/lights/**" --out ~/keys',
  ],
  exits: [
    [0, "made"],
    [1, "the files exist already, or cannot be written"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .requiredOption("--name <name>", "what you call the author", readName)
      .option("--out <directory>", "where to; default: author-keys in the state directory")
      .option("--scope <glob>", "resources that the author limits itself to (repeatable)", readGlobs)
      .option("--no-passphrase", "leave the keys unsealed (for tests and throw-away authors)"),
  async run({ invocation, options }) {
    if (options.out === undefined) actAsOwnerOf(invocation.state);
    const directory = options.out ?? join(invocation.state, "author-keys");
    const paths = pathsOf(directory, options.name);
    refuseExisting(Object.values(paths));
    const passphrase = options.passphrase ? await newPassphrase(invocation.terminal) : undefined;
    const [key, next] = [generateKey(), generateKey()];
    const created = createAuthor({
      signer: key,
      nextPublicKeys: [next.publicKey],
      crypto: nodeCrypto(),
      ...(options.scope === undefined ? {} : { scopes: options.scope }),
    });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const write = async (path: string, role: KeyRole, written: PrivateKey): Promise<void> => {
      const file = await makeKeyFile({
        name: options.name,
        role,
        key: written,
        passphrase,
        ...rootOf(created),
      });
      writeFileAtomic(path, `${JSON.stringify(file, undefined, 2)}\n`, 0o600);
    };
    // The root last: it says that everything else is there.
    await write(paths.nextKey, "next", next);
    await write(paths.key, "signing", key);
    writeFileAtomic(paths.root, created.bytes, 0o644);
    const view: KeygenView = {
      schema: "antibody.author/1",
      name: options.name,
      author: created.author,
      compareCode: compareCode(created.author),
      keyFile: paths.key,
      nextKeyFile: paths.nextKey,
      rootFile: paths.root,
      sealed: passphrase !== undefined,
    };
    invocation.print(view, () => keygenLines(view, invocation.self));
    return exitCode.ok;
  },
};

interface KeyPaths {
  readonly key: string;
  readonly nextKey: string;
  readonly root: string;
}

function pathsOf(directory: string, name: string): KeyPaths {
  return {
    key: join(directory, `${name}.key`),
    nextKey: join(directory, `${name}.next.key`),
    root: join(directory, `${name}.root`),
  };
}

function rootOf(created: CreatedAuthor): { author: CreatedAuthor["author"]; rootBytes: Uint8Array } {
  return { author: created.author, rootBytes: created.bytes };
}

function refuseExisting(paths: readonly string[]): void {
  const existing = paths.find((path) => existsSync(path));
  if (existing === undefined) return;
  throw new CliError({
    code: "exists",
    message: `${existing} exists already`,
    cause: "a key that is overwritten cannot be made again",
    next: "choose another --name or --out",
    exit: exitCode.failed,
  });
}

function keygenLines(view: KeygenView, self: string): readonly string[] {
  // Paths are copied by people: they are never broken, whatever their length.
  return [
    `author     ${view.name} (${shortId(view.author)})`,
    `compare    ${view.compareCode}`,
    `signing    ${view.keyFile}${view.sealed ? "" : " (not sealed)"}`,
    `next key   ${view.nextKeyFile}`,
    "           Move it to another place: it signs the change to a new key when this one is lost.",
    `root       ${view.rootFile}`,
    "           Give it to the owners of devices, and let them compare the code.",
    `next: ${self} trust add ${shellWord(view.rootFile)} --scope GLOB --rank 1`,
  ];
}
