import { nodeCrypto } from "@antibody/agent/state";
import type { Inspection } from "@antibody/core";
import {
  type AuthorId,
  isRejection,
  noteCharactersMax,
  type SealedBundle,
  type Staging,
  type StreamName,
  sealBundle,
  shortId,
} from "@antibody/policy";
import { InvalidArgumentError } from "commander";
import { documentsIn, recordPublished } from "../../author/doing.ts";
import { type AuthorKey, newestRoot } from "../../author/keyFile.ts";
import { sealWith } from "../../author/sealing.ts";
import { readSignedBundle, type SignedBundle } from "../../author/signedBundle.ts";
import { alsoOption, authorOption, nobodyToSign, readSigners } from "../../author/signers.ts";
import { CliError, type ExitCode, exitCode } from "../../errors.ts";
import { type Invocation, shellWord } from "../../invocation.ts";
import { declareStaging, type StagingOptions, stagingFor } from "../../rollout/staging.ts";
import { keepPublished } from "../../source/published.ts";
import { outsideScopes } from "../../source/reach.ts";
import { readSoundSource, type SoundSource } from "../../source/read.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";
import { count } from "../../views/words.ts";

/** What `publish` tells, as `--json` prints it. */
interface PublishView {
  readonly schema: "antibody.publish/1";
  readonly author: string;
  readonly stream: string;
  readonly epoch: number;
  readonly generation: number;
  readonly manifest: string;
  readonly fragments: readonly { readonly name: string; readonly id: string }[];
  /** False with `--dry-run`: nothing left this command. */
  readonly published: boolean;
  /** How it comes into force, where not at once. */
  readonly staging?: Staging;
}

/** How a policy file is published. */
interface PublishOptions extends StagingOptions {
  /** Missing only where the file is signed already. */
  readonly author?: string;
  readonly also?: readonly string[];
  readonly note?: string;
  readonly dryRun?: boolean;
}

/** `antibody publish FILE`: signs a policy file as the next generation, and gives it to this one agent. */
export const publish: Verb<PublishOptions> = {
  usage: "publish <file>",
  summary: "Sign a policy file as the next generation of its stream, and give it to this agent to spread.",
  examples: [
    "antibody publish home.yaml --author home",
    "antibody publish home.yaml --author ~/keys/home.key --dry-run",
    "antibody publish home.yaml --author home --waves 10,50,100",
    "antibody publish home.bundle   # signed by: antibody sign",
  ],
  exits: [
    [0, "published (or, with --dry-run, could be)"],
    [1, "the file has problems, the key cannot be used, or the agent rejected it"],
  ],
  asksAgent: true,
  declare: (command) => {
    command
      .addOption(authorOption())
      .addOption(alsoOption())
      .option("--note <text>", "a word to whoever reads the generation", readNote)
      .option("--dry-run", "sign and show, give nothing to anybody");
    declareStaging(command);
  },
  run: ({ invocation, options, args: [file = ""] }) => publishFile(invocation, file, options),
};

/** Signs a policy file as the next generation of its stream, and gives it to the agent. */
export async function publishFile(
  invocation: Invocation,
  file: string,
  options: PublishOptions,
): Promise<ExitCode> {
  const signed = await readSignedBundle(file);
  if (signed !== undefined) return publishSigned(invocation, file, signed);
  if (options.author === undefined) throw nobodyToSign(invocation, `publish ${shellWord(file)}`);
  const source = await readSoundSource(file, invocation.self);
  const { author, otherSigners } = await readSigners(invocation, options.author, options.also);
  // The newest head comes from the swarm, not from the author's memory: one restored from a backup must not fork.
  const inspection = await invocation.client.inspect();
  const { epoch } = author.root;
  const generation = newestGeneration(inspection, { author: author.author, epoch }, source.stream) + 1;
  refuseOutOfScope(author, source);
  const staging = stagingFor(options, inspection);
  const bundle = await sealWith([author.key, ...otherSigners], (signer, others) =>
    sealBundle({
      author: author.author,
      stream: source.stream,
      epoch: author.root.epoch,
      generation,
      documents: source.documents,
      signer,
      otherSigners: others,
      crypto: nodeCrypto(),
      ...(options.note === undefined ? {} : { note: options.note }),
      ...(staging === undefined ? {} : { staging }),
    }),
  );
  const isPublished = options.dryRun !== true;
  if (isPublished) {
    await offerAll(invocation, author, bundle);
    await recordPublished(invocation, {
      author: author.author,
      name: author.name,
      stream: source.stream,
      epoch,
      generation,
      manifest: bundle.manifestId,
      bytes: bundle.manifest,
      root: author.root,
      documents: source.documents,
      ...(options.note === undefined ? {} : { note: options.note }),
      ...(staging === undefined ? {} : { staging }),
    });
    keepPublished(
      { state: invocation.state, author: author.author, stream: source.stream },
      generation,
      source.text,
    );
  }
  const published = publishView(author, source, generation, bundle, isPublished);
  const view = staging === undefined ? published : { ...published, staging };
  invocation.print(view, () => publishLines(view, nextText(view, inspection, author, invocation.self)));
  return exitCode.ok;
}

/** Gives a bundle to the agent that was signed elsewhere. What the swarm has meanwhile got must not be newer. */
async function publishSigned(invocation: Invocation, file: string, bundle: SignedBundle): Promise<ExitCode> {
  const { author, stream, epoch, generation, manifest, roots, documents } = bundle;
  const inspection = await invocation.client.inspect();
  const newest = newestGeneration(inspection, { author, epoch }, stream);
  if (generation <= newest) {
    throw new CliError({
      code: "notNewer",
      message: `${printable(file)} is of generation ${generation}, and the swarm has ${newest}`,
      cause: "somebody has published since it was signed, or it was published already",
      next: `antibody sign FILE --generation ${newest + 1}`,
      exit: exitCode.failed,
    });
  }
  for (const root of roots) await offer(invocation, root);
  await offer(invocation, ...documents);
  await recordSigned(invocation, bundle);
  const view: PublishView = {
    schema: "antibody.publish/1",
    author,
    stream,
    epoch,
    generation,
    manifest,
    fragments: [],
    published: true,
  };
  const next = grantText(inspection, author, invocation.self);
  invocation.print(view, () => publishLines(view, next));
  return exitCode.ok;
}

/** Writes down what was signed elsewhere. The agent has taken it, so that its roots and documents are sound. */
async function recordSigned(invocation: Invocation, bundle: SignedBundle): Promise<void> {
  const root = newestRoot(bundle.roots, bundle.author);
  const manifest = bundle.documents.at(-1);
  if (root === undefined || manifest === undefined) return;
  const documents = documentsIn(bundle.documents, root);
  await recordPublished(invocation, { ...bundle, bytes: manifest, root, documents });
}

/** No device would keep it: the author's own root says so. Better told here than held everywhere. */
export function refuseOutOfScope({ root }: AuthorKey, { documents }: SoundSource): void {
  const [outside] = documents.flatMap((document) => outsideScopes(root.scopes, document));
  if (outside === undefined) return;
  throw new CliError({
    code: "outOfScope",
    message: `${outside} is outside the scopes of this author`,
    cause: `the author's root names ${root.scopes.join(", ")}`,
    next: "leave it out, or rotate the author to a root of other scopes",
    exit: exitCode.failed,
  });
}

/** The highest generation that the agent has heard of in the author's epoch, complete or not; 0 for none. */
function newestGeneration(
  inspection: Inspection,
  { author, epoch }: { readonly author: AuthorId; readonly epoch: number },
  stream: StreamName,
): number {
  const state = inspection.streams.find((each) => each.author === author && each.stream === stream);
  const versions = [state?.active?.version, state?.pending?.version];
  const newer = versions.find((version) => version !== undefined && version.epoch > epoch);
  if (newer !== undefined) {
    throw new CliError({
      code: "olderRoot",
      message: "this key no longer signs for its author",
      cause: `the swarm knows epoch ${newer.epoch} of it, what was signed is of epoch ${epoch}`,
      next: "use the key file of the author's newest root",
      exit: exitCode.failed,
    });
  }
  return versions.reduce(
    (newest, version) => (version?.epoch === epoch ? Math.max(newest, version.generation) : newest),
    0,
  );
}

/** The roots first, by which the others are verified; those go together, and to all peers in one message. */
async function offerAll(invocation: Invocation, author: AuthorKey, bundle: SealedBundle): Promise<void> {
  for (const root of author.roots) await offer(invocation, root);
  await offer(invocation, ...bundle.fragments, bundle.manifest);
}

async function offer(invocation: Invocation, ...documents: readonly Uint8Array[]): Promise<void> {
  const rejection = await invocation.client.offer(...documents);
  if (!isRejection(rejection)) return;
  throw new CliError({
    code: rejection.reason,
    message: "the agent rejects the bundle",
    cause: printable(`${rejection.reason}: ${rejection.detail}`),
    next: `${invocation.self} logs`,
    exit: exitCode.failed,
  });
}

function publishView(
  author: AuthorKey,
  source: SoundSource,
  generation: number,
  bundle: SealedBundle,
  published: boolean,
): PublishView {
  return {
    schema: "antibody.publish/1",
    author: author.author,
    stream: source.stream,
    epoch: author.root.epoch,
    generation,
    manifest: bundle.manifestId,
    fragments: source.documents.map(({ name }, index) => ({ name, id: bundle.ids[index] ?? "" })),
    published,
  };
}

function publishLines(view: PublishView, next: string): readonly string[] {
  const done = view.published ? "published" : "would publish";
  return [
    `${done} generation ${view.generation} of stream ${view.stream}: ${count(view.fragments.length, "fragment")}`,
    ...view.fragments.map(({ name, id }) => `  ${name}  ${shortId(id)}`),
    ...stagingLines(view.staging),
    `next: ${next}`,
  ];
}

function stagingLines(staging: Staging | undefined): readonly string[] {
  if (staging === undefined) return [];
  const { rollout, barrier, health } = staging;
  const waves = (rollout?.waves ?? []).map(
    ({ percent, reportersMin }, index) =>
      `  wave ${index + 1}: up to ${percent}%, ends when ${count(reportersMin, "device")} said it is well`,
  );
  return [
    `on trial: undone where it is not kept for ${health.holdMs / 1_000} s within ${health.withinMs / 1_000} s`,
    ...waves,
    ...(barrier === undefined
      ? []
      : [`  barrier: waits for ${count(barrier.readyMin, "device")} and your word`]),
  ];
}

/** Where it goes on. */
function nextText(view: PublishView, inspection: Inspection, author: AuthorKey, self: string): string {
  const grant = grantText(inspection, author.author, self);
  const granted = inspection.grants.some((each) => each.author === author.author);
  return view.staging === undefined || !granted ? grant : `${self} rollout show ${view.stream}`;
}

/** A bundle of an author without a grant is relayed and changes nothing here: that must not go unnoticed. */
function grantText(inspection: Inspection, author: AuthorId, self: string): string {
  const granted = inspection.grants.some((grant) => grant.author === author);
  if (granted) return `${self} status`;
  return `this device does not accept the author yet: ${self} trust add ${author} --scope GLOB --rank 1`;
}

function readNote(text: string): string {
  if (text !== "" && text.length <= noteCharactersMax && text === text.normalize("NFC")) return text;
  throw new InvalidArgumentError(`Write at most ${noteCharactersMax} characters (in Unicode form C).`);
}
