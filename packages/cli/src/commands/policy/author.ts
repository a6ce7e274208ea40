import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { nodeCrypto, writeFileAtomic } from "@antibody/agent/state";
import { createAuthor, rootKeysMax, shortId } from "@antibody/policy";
import { compareCode } from "../../author/compareCode.ts";
import { keyPaths, refuseExisting } from "../../author/files.ts";
import { type KeyFileInput, type KeyRole, makeKeyFile } from "../../author/keyFile.ts";
import { type NewKeysOptions, newKeys } from "../../author/newKeys.ts";
import { sealWith } from "../../author/sealing.ts";
import { exitCode, usageError } from "../../errors.ts";
import { shellWord } from "../../invocation.ts";
import { readEach, readGlobs, readName, readWhole } from "../../options.ts";
import { actAsOwnerOf } from "../../service/owner.ts";
import type { Verb } from "../../verb.ts";

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
  /** Fingerprints of the keys that an ssh-agent holds, signing keys first. */
  readonly sshAgent?: readonly string[];
  /** Where the author has several keys: how many sign a document, and where they all are. */
  readonly threshold?: number;
  readonly keyFiles?: readonly string[];
  readonly nextKeyFiles?: readonly string[];
}

interface KeygenOptions extends NewKeysOptions {
  readonly name: string;
  readonly out?: string;
  readonly scope?: readonly string[];
  readonly keys: number;
  readonly threshold?: number;
}

/** `antibody author keygen`: a key to sign policy with, the key after it, and the root that owners pin. */
export const authorKeygen: Verb<KeygenOptions> = {
  usage: "keygen",
  summary: "Make an author: a signing key, the next key (to rotate to), and the root that owners accept.",
  examples: [
    "antibody author keygen --name home",
    'antibody author keygen --name lights --scope "file:/etc/lights/**" --out ~/keys',
    "antibody author keygen --name house --keys 3 --threshold 2",
    "antibody author keygen --name home --ssh-agent ~/.ssh/antibody.pub   # signed by your ssh-agent",
  ],
  exits: [
    [0, "made"],
    [1, "the files exist already, or cannot be written, or the ssh-agent has no such key"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .requiredOption("--name <name>", "what you call the author", readName)
      .option("--out <directory>", "where to; default: author-keys in the state directory")
      .option("--scope <glob>", "resources that the author limits itself to (repeatable)", readGlobs)
      .option("--keys <number>", "how many people hold a key of it", readWhole(1, rootKeysMax), 1)
      .option(
        "--threshold <number>",
        "how many of them sign a bundle; default: all",
        readWhole(1, rootKeysMax),
      )
      .option(
        "--ssh-agent <key>",
        "sign by this Ed25519 key of your ssh-agent: fingerprint, comment, or file of the public key (repeatable)",
        readEach,
      )
      .option("--next-ssh-agent <key>", "the same for the next key (repeatable)", readEach)
      .option("--no-passphrase", "leave the keys unsealed (for tests and throw-away authors)"),
  async run({ invocation, options }) {
    if (options.out === undefined) actAsOwnerOf(invocation.state);
    const directory = options.out ?? join(invocation.state, "author-keys");
    const { keys: keyCount, threshold = keyCount } = options;
    if (threshold > keyCount) {
      throw usageError(
        "more signatures than keys",
        `${threshold} of ${keyCount}`,
        "choose a lower --threshold",
      );
    }
    const names = Array.from({ length: keyCount }, (_none, index) =>
      keyCount === 1 ? options.name : `${options.name}.${index + 1}`,
    );
    const paths = names.map((name) => keyPaths(directory, name));
    const rootFile = join(directory, `${options.name}.root`);
    refuseExisting([...paths.flatMap(({ key, nextKey }) => [key, nextKey]), rootFile]);
    const made = await newKeys(invocation.terminal, keyCount, options);
    const created = await sealWith(made.keys, (signer, otherSigners) =>
      createAuthor({
        signer,
        otherSigners,
        threshold,
        nextPublicKeys: made.nextKeys.map(({ publicKey }) => publicKey),
        nextThreshold: threshold,
        crypto: nodeCrypto(),
        ...(options.scope === undefined ? {} : { scopes: options.scope }),
      }),
    );
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const write = async (
      path: string,
      role: KeyRole,
      key: KeyFileInput["key"] | undefined,
    ): Promise<void> => {
      if (key === undefined) throw new Error("as many keys as names");
      const { passphrase } = made;
      const { author, bytes } = created;
      const file = await makeKeyFile({ name: options.name, role, key, passphrase, author, roots: [bytes] });
      writeFileAtomic(path, `${JSON.stringify(file, undefined, 2)}\n`, 0o600);
    };
    // The root last: it says that everything else is there.
    for (const [index, { key, nextKey }] of paths.entries()) {
      await write(nextKey, "next", made.nextKeys[index]);
      await write(key, "signing", made.keys[index]);
    }
    writeFileAtomic(rootFile, created.bytes, 0o644);
    const [first = { key: "", nextKey: "" }] = paths;
    const view: KeygenView = {
      schema: "antibody.author/1",
      name: options.name,
      author: created.author,
      compareCode: compareCode(created.author),
      keyFile: first.key,
      nextKeyFile: first.nextKey,
      rootFile,
      sealed: made.passphrase !== undefined,
      ...(made.fingerprints.length === 0 ? {} : { sshAgent: made.fingerprints }),
      ...(keyCount === 1
        ? {}
        : {
            threshold,
            keyFiles: paths.map(({ key }) => key),
            nextKeyFiles: paths.map(({ nextKey }) => nextKey),
          }),
    };
    invocation.print(view, () => keygenLines(view, invocation.self));
    return exitCode.ok;
  },
};

function keygenLines(view: KeygenView, self: string): readonly string[] {
  // Paths are copied by people: they are never broken, whatever their length.
  return [
    `author     ${view.name} (${shortId(view.author)})`,
    `compare    ${view.compareCode}`,
    ...(view.threshold === undefined ? [] : [`together   ${view.threshold} of these keys sign a bundle`]),
    ...(view.keyFiles ?? [view.keyFile]).map(
      (path) => `signing    ${path}${isInClear(view) ? " (not sealed)" : ""}`,
    ),
    ...(view.nextKeyFiles ?? [view.nextKeyFile]).map((path) => `next key   ${path}`),
    ...(view.sshAgent ?? []).map((fingerprint) => `ssh-agent  holds ${fingerprint}; its file only says so`),
    "           Move it to another place: it signs the change to a new key when this one is lost.",
    `root       ${view.rootFile}`,
    "           Give it to the owners of devices, and let them compare the code.",
    `next: ${self} trust add ${shellWord(view.rootFile)} --scope GLOB --rank 1`,
  ];
}

/** Whether a secret lies in one of the files without a passphrase. */
function isInClear({ sealed, sshAgent = [], keyFiles = [""] }: KeygenView): boolean {
  return !sealed && sshAgent.length < 2 * keyFiles.length;
}
