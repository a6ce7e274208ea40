import { createPublicKey, verify } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { keyFromSeed, nodeCrypto, type PrivateKey } from "@antibody/agent/state";
import {
  type AuthorId,
  type BundleDocument,
  bundleFragmentsMax,
  createAuthor,
  type Grant,
  isRejection,
  parseResourceId,
  parseStreamName,
  type ResourceId,
  type Root,
  sealBundle,
  type VerifiedPolicy,
  verifyPolicy,
  view,
} from "@antibody/policy";
import { type Outcome, quantile, round } from "./figures.ts";
import { activateMs, catchUpBytes } from "./policyDevice.ts";
import type { Run } from "./run.ts";

const promiseCount = 10_000;
const promisesInFragment = 50;
const repeats = 15;
const messageBytes = 1_024;
/** Raw verifications in one repeat: as many as there are fragments, 200. */
const rawCount: number = promiseCount / promisesInFragment;

/** RFC 8410: the fixed DER head of an Ed25519 public key, before its 32 bytes. */
const spkiHead = Buffer.from("302a300506032b6570032100", "hex");

/** Verifications before the first repeat. A guess: the tiers of V8 have settled. */
const warmUpCount = 4_000;

interface Author {
  readonly id: AuthorId;
  readonly key: PrivateKey;
  readonly policy: VerifiedPolicy;
  readonly root: Root;
}

/**
 * The pure parts in this process: documents verified a second, from bytes, beside bare signatures of node:crypto;
 * and the merge of 10,000 promises into desired state.
 */
export async function policy(run: Run): Promise<Outcome> {
  const author = makeAuthor();
  const documents = Array.from({ length: promiseCount / promisesInFragment }, (_, part) => fragment(part));
  const stream = parseStreamName("home");
  if (stream === undefined) throw new Error("a name for a stream");
  const crypto = nodeCrypto();
  const header = { author: author.id, stream, epoch: 1, generation: 1, signer: author.key, crypto };
  const bundle = sealBundle({ ...header, documents });
  const small = sealBundle({ ...header, documents: [{ name: "small", promises: promises(0, 1) }] });
  const smallBytes = small.fragments[0] ?? new Uint8Array();
  const verified = [...bundle.fragments, bundle.manifest].map((bytes) => verifyOne(author, bytes));
  const figures = {
    verify: [] as number[],
    large: [] as number[],
    raw: [] as number[],
    percent: [] as number[],
    merge: [] as number[],
    activate: [] as number[],
  };
  const { missed, activated } = generations(author, header);
  const bare = rawVerification(author.key);
  // As in an agent that has run for a while: what the engine compiles on other cores is compiled.
  sideBySide(warmUpCount, bare, () => verifyOne(author, smallBytes));
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    run.say(`repeat ${repeat + 1} of ${repeats}`);
    run.signal.throwIfAborted();
    const both = sideBySide(rawCount, bare, () => verifyOne(author, smallBytes));
    figures.raw.push(both.left);
    figures.verify.push(both.right);
    figures.percent.push(round((100 * both.right) / both.left));
    figures.large.push(
      perSecond(rawCount, (index) => verifyOne(author, bundle.fragments[index] ?? smallBytes)),
    );
    figures.merge.push(mergeMs(author, verified));
    figures.activate.push(activateMs([author.policy, ...activated], grantTo(author.id)));
    await turn();
  }
  return {
    figures: {
      verifyPerSecond: Math.round(quantile(figures.verify, 0.5)),
      rawVerifyPerSecond: Math.round(quantile(figures.raw, 0.5)),
      verifyPerSecondOf50Promises: Math.round(quantile(figures.large, 0.5)),
      fragmentBytes: smallBytes.length,
      fragmentBytesOf50Promises: bundle.fragments[0]?.length ?? 0,
      merge10000PromisesMs: quantile(figures.merge, 0.5),
      merge10000PromisesP99Ms: quantile(figures.merge, 0.99),
      merge10000PromisesMaxMs: quantile(figures.merge, 1),
      verifyPercentOfRaw: quantile(figures.percent, 0.5),
      activate256FragmentsMs: quantile(figures.activate, 0.5),
      activate256FragmentsMaxMs: quantile(figures.activate, 1),
      catchUpBytes: catchUpBytes([author.policy, ...(missed[0] ?? [])], missed.slice(1), grantTo(author.id)),
      catchUpGenerationBytes: (missed[0] ?? []).reduce((sum, { bytes }) => sum + bytes.length, 0),
      repeats,
    },
  };
}

function makeAuthor(): Author {
  const key = keyFromSeed(new Uint8Array(32).fill(1));
  const next = keyFromSeed(new Uint8Array(32).fill(2));
  const crypto = nodeCrypto();
  const { author, bytes } = createAuthor({ signer: key, nextPublicKeys: [next.publicKey], crypto });
  const policy = verifyPolicy(bytes, { crypto, rootOf: () => undefined });
  if (isRejection(policy) || policy.type !== "root") throw new Error("a root that was just made is sound");
  return { id: author, key, policy, root: policy.root };
}

function fragment(part: number): BundleDocument {
  return { name: `part-${part}`, promises: promises(part * promisesInFragment, promisesInFragment) };
}

function promises(first: number, count: number): BundleDocument["promises"] {
  const all: Record<ResourceId, { readonly content: string; readonly mode: string }> = {};
  for (let index = first; index < first + count; index += 1) {
    const id = parseResourceId(`file:/etc/antibody.d/file-${index}`)?.id;
    if (id !== undefined) all[id] = { content: `content ${index}\n`, mode: "0644" };
  }
  return all;
}

/** Nothing is remembered between verifications but the prepared key, as on the device. */
const crypto = nodeCrypto();

function verifyOne(author: Author, bytes: Uint8Array): VerifiedPolicy {
  const policy = verifyPolicy(bytes, { crypto, rootOf: () => author.root });
  if (isRejection(policy)) throw new Error(policy.detail);
  return policy;
}

function rawVerification(key: PrivateKey): () => void {
  const message = Buffer.alloc(messageBytes, 7);
  const signature = key.sign(message);
  const spki = Buffer.concat([spkiHead, key.publicKey]);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  return () => {
    if (!verify(null, message, publicKey, signature))
      throw new Error("a signature that was just made is good");
  };
}

type Header = Omit<Parameters<typeof sealBundle>[0], "documents">;

/** Generations missed, after the one that is held: each of ten fragments with a promise of half a kilobyte. */
const missedGenerations = 50;

/** A generation that is activated, of as many fragments as a bundle has at most; and those that an agent missed. */
function generations(
  author: Author,
  header: Header,
): {
  readonly missed: readonly (readonly VerifiedPolicy[])[];
  readonly activated: readonly VerifiedPolicy[];
} {
  const seal = (generation: number, documents: readonly BundleDocument[]): readonly VerifiedPolicy[] => {
    const { manifest, fragments } = sealBundle({ ...header, generation, documents });
    return [...fragments, manifest].map((bytes) => verifyOne(author, bytes));
  };
  const small = (count: number, content: string): readonly BundleDocument[] =>
    Array.from({ length: count }, (_none, part) => {
      const id = `file:/etc/antibody.d/part-${part}` as ResourceId;
      return { name: `part-${part}`, promises: { [id]: { content, mode: "0644" } } };
    });
  return {
    activated: seal(1, small(bundleFragmentsMax, "content\n")),
    missed: Array.from({ length: missedGenerations + 1 }, (_none, index) =>
      seal(index + 1, small(10, `generation ${index}\n`.padEnd(512, "x"))),
    ),
  };
}

function grantTo(author: AuthorId): Grant {
  return { author, scope: ["**"], rank: 10, mode: "enforce", powers: [], bytesMax: 64 * 1_048_576 };
}

/** Calls of each in one turn of `sideBySide`: less than a millisecond. */
const turnCalls = 5;

/**
 * How many a second of two, turn by turn, by the median turn of each: what else the machine does slows both alike, and
 * a turn in which it had the core counts no more than any other.
 */
function sideBySide(
  count: number,
  left: () => void,
  right: () => void,
): { readonly left: number; readonly right: number } {
  const [leftUs, rightUs]: readonly [number[], number[]] = [[], []];
  for (let done = 0; done < count; done += turnCalls) {
    const startedMs = performance.now();
    for (let call = 0; call < turnCalls; call += 1) left();
    const betweenMs = performance.now();
    for (let call = 0; call < turnCalls; call += 1) right();
    rightUs.push(1_000 * (performance.now() - betweenMs));
    leftUs.push(1_000 * (betweenMs - startedMs));
  }
  const perSecondOf = (turnsUs: readonly number[]): number =>
    round((turnCalls * 1_000_000) / quantile(turnsUs, 0.5));
  return { left: perSecondOf(leftUs), right: perSecondOf(rightUs) };
}

function perSecond(count: number, each: (index: number) => void): number {
  const startedMs = performance.now();
  for (let index = 0; index < count; index += 1) each(index);
  return round((count * 1_000) / (performance.now() - startedMs));
}

function mergeMs(author: Author, verified: readonly VerifiedPolicy[]): number {
  const grant = grantTo(author.id);
  const startedMs = performance.now();
  const made = view({
    set: [author.policy, ...verified],
    grants: [grant],
    contexts: { arch: "arm64", hostname: "pi", name: "pi", os: "linux", tags: [] },
    floors: new Map(),
    requires: () => [],
  });
  const tookMs = performance.now() - startedMs;
  if (made.promises.size !== promiseCount) throw new Error(`merged ${made.promises.size} promises`);
  return tookMs;
}
