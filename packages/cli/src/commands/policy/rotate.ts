import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { nodeCrypto } from "@antibody/agent/state";
import type { Inspection } from "@antibody/core";
import { type AuthorId, type FragmentId, isRejection, rootDigest, shortId } from "@antibody/policy";
import { record, signersOf } from "../../author/doing.ts";
import { type PreparedRotation, prepareRotation } from "../../author/rotation.ts";
import { alsoOption, authorOption, keyFileOf, readSigners } from "../../author/signers.ts";
import { askConsent } from "../../consent.ts";
import { CliError, exitCode, usageError } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { readEach } from "../../options.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";
import { count } from "../../views/words.ts";

/** What `author rotate` and `revoke` tell, as `--json` prints it. */
interface RotatedView {
  readonly schema: "antibody.rotated/1";
  readonly author: string;
  readonly rootNumber: number;
  readonly epoch: number;
  /** Documents that stay valid. */
  readonly carriedCount: number;
  readonly keyFiles: readonly string[];
  readonly nextKeyFiles: readonly string[];
  /** The new root, for owners who have to tell it from another of its number. */
  readonly rootFile: string;
}

interface RotateOptions {
  readonly author: string;
  readonly also?: readonly string[];
  readonly next?: readonly string[];
  readonly keep?: readonly string[];
  readonly yes?: boolean;
}

/** `antibody author rotate`: changes the keys; what is in force stays so. */
export const authorRotate: Verb<RotateOptions> = {
  usage: "rotate",
  summary: "Change to the next key: a new root that both keys sign. What is in force stays in force.",
  examples: [
    "antibody author rotate --author home",
    "antibody author rotate --author home --next /mnt/usb/home.next.key",
  ],
  exits: [
    [0, "rotated; every device hears of it"],
    [1, "the keys cannot be used, or the agent rejected the root"],
  ],
  asksAgent: true,
  declare: (verb) =>
    void verb
      .addOption(authorOption().makeOptionMandatory())
      .addOption(alsoOption())
      .option("--next <file>", "a next key; default: beside the key (repeatable)", readEach),
  run: ({ invocation, options }) => rotate("rotated", invocation, options, () => true),
};

/** `antibody revoke`: ends what was signed so far, as after a theft of the signing key. */
export const revoke: Verb<RotateOptions> = {
  usage: "revoke",
  summary:
    "End everything that an author's key has signed so far, and change to the next key. Devices keep nothing of it any more, but for the streams that you name.",
  examples: ["antibody revoke --author home", "antibody revoke --author home --keep lights --yes"],
  exits: [
    [0, "revoked; every device hears of it"],
    [1, "the keys cannot be used, the agent rejected the root, or you said no"],
  ],
  asksAgent: true,
  declare: (verb) =>
    void verb
      .addOption(authorOption().makeOptionMandatory())
      .option("--keep <stream>", "a stream whose generation in force here stays valid (repeatable)", readEach)
      .addOption(alsoOption())
      .option("--next <file>", "a next key; default: beside the key (repeatable)", readEach)
      .option("--yes", "do not ask"),
  async run({ invocation, options }) {
    const kept = new Set(options.keep ?? []);
    return rotate("revoked", invocation, options, (stream) => kept.has(stream), options.yes === true);
  },
};

async function rotate(
  type: "rotated" | "revoked",
  invocation: Invocation,
  options: RotateOptions,
  isKept: (stream: string) => boolean,
  yes = true,
): Promise<0> {
  const signers = await readSigners(invocation, options.author, options.also);
  const inspection = await invocation.client.inspect();
  const { author } = signers.author;
  const carried = carriedOf(inspection, author, isKept);
  if (!yes) await confirm(invocation, inspection, author, isKept);
  const nextFiles = options.next ?? nextFilesOf(invocation, [options.author, ...(options.also ?? [])]);
  const prepared = await prepareRotation(invocation, signers, nextFiles, carried);
  for (const bytes of [...signers.author.roots, prepared.bytes]) await offer(invocation, bytes);
  await prepared.finish();
  const { root, bytes } = prepared;
  record(invocation, author, {
    type,
    name: signers.author.name,
    rootNumber: root.number,
    epoch: root.epoch,
    root: rootDigest(nodeCrypto(), root),
    keys: root.keys,
    threshold: root.threshold,
    carriedCount: carried.length,
    signedBy: signersOf(bytes, [...new Set([...signers.author.root.keys, ...root.keys])]),
  });
  const view = rotatedView(prepared, carried.length);
  invocation.print(view, () => rotatedLines(view, invocation.self));
  return exitCode.ok;
}

/** Documents in force here of the streams that are kept. */
function carriedOf(
  { authors = [], streams }: Inspection,
  author: AuthorId,
  isKept: (stream: string) => boolean,
): readonly FragmentId[] {
  const own = streams.filter((state) => state.author === author);
  const inForce = authors.find((each) => each.author === author)?.inForce ?? [];
  // A stream's documents stand together, its manifest first.
  const manifests = new Map(own.map(({ stream, active }) => [active?.manifest, stream]));
  let stream: string | undefined;
  return inForce.filter((id) => {
    stream = manifests.get(id) ?? stream;
    return stream !== undefined && isKept(stream);
  });
}

function nextFilesOf(invocation: Invocation, names: readonly string[]): readonly string[] {
  return names.map((name) => {
    const key = keyFileOf(invocation, name);
    const next = join(dirname(key), `${key.slice(key.lastIndexOf("/") + 1).replace(/\.key$/, "")}.next.key`);
    if (existsSync(next)) return next;
    throw usageError(
      "the next key is not beside the key",
      `there is no ${next}`,
      "say where it is: --next FILE",
    );
  });
}

async function confirm(
  invocation: Invocation,
  inspection: Inspection,
  author: AuthorId,
  isKept: (stream: string) => boolean,
): Promise<void> {
  const { terminal } = invocation;
  const streams = inspection.streams.filter((state) => state.author === author);
  terminal.err(`revoke     everything that ${shortId(author)} has signed so far\n`);
  for (const { stream, active } of streams) {
    const generation = active === undefined ? "" : `, generation ${active.version.generation}`;
    terminal.err(`  ${isKept(stream) ? "stays" : "ends "}    stream ${printable(stream)}${generation}\n`);
  }
  const resources = inspection.resources.filter(
    (view) => view.author === author && !isKept(view.stream ?? ""),
  );
  terminal.err(`  ${count(resources.length, "resource")} here would be kept no longer\n`);
  await askConsent(invocation, "It cannot be taken back. Do it?", "status");
}

async function offer(invocation: Invocation, bytes: Uint8Array): Promise<void> {
  const reply = await invocation.client.offer(bytes);
  if (!isRejection(reply)) return;
  throw new CliError({
    code: reply.reason,
    message: "the agent rejects the root; the keys are as they were",
    cause: printable(`${reply.reason}: ${reply.detail}`),
    next: "use the key files of the author's newest root",
    exit: exitCode.failed,
  });
}

function rotatedView(prepared: PreparedRotation, carriedCount: number): RotatedView {
  return {
    schema: "antibody.rotated/1",
    author: prepared.author.author,
    rootNumber: prepared.root.number,
    epoch: prepared.root.epoch,
    carriedCount,
    keyFiles: prepared.keyFiles,
    nextKeyFiles: prepared.nextKeyFiles,
    rootFile: prepared.rootFile,
  };
}

function rotatedLines(view: RotatedView, self: string): readonly string[] {
  return [
    `author     ${shortId(view.author)}, root ${view.rootNumber}, epoch ${view.epoch}`,
    `carried    ${count(view.carriedCount, "document")} of what was signed before stay valid`,
    ...view.keyFiles.map((path) => `signing    ${path}`),
    ...view.nextKeyFiles.map((path) => `next key   ${path}`),
    "           Move it to another place: it signs the change to a new key when this one is lost.",
    `next: ${self} publish FILE --author ${view.keyFiles[0] ?? "NAME"}`,
  ];
}
