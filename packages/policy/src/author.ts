import { compareText, toHex } from "./bytes.ts";
import type { Crypto, Signer } from "./crypto.ts";
import { type Directive, parseDirective } from "./directive.ts";
import { envelopeDigest, openEnvelope, payloadType, sealEnvelope } from "./envelope.ts";
import type { ResourcePromise } from "./fragment.ts";
import { type Heartbeat, parseHeartbeat } from "./heartbeat.ts";
import { type AuthorId, type FragmentId, makeId, type StreamName } from "./ids.ts";
import type { Json } from "./json.ts";
import { type OwnerWord, parseOwnerWord } from "./owner.ts";
import { isRejection } from "./rejection.ts";
import type { ResourceId } from "./resourceId.ts";
import { keysDigest, type Root } from "./root.ts";
import type { Staging } from "./staging.ts";
import { rootDigest } from "./verify.ts";

/** An author that was just made: its id, and the envelope of its root. */
export interface CreatedAuthor {
  readonly author: AuthorId;
  /** The sealed root, to be kept, published, and handed over with the author's id. */
  readonly bytes: Uint8Array;
}

/** What a new author needs. */
export interface CreateAuthorInput {
  readonly signer: Signer;
  /** Signers beside the first, where several people sign together. */
  readonly otherSigners?: readonly Signer[];
  /** How many of the keys sign a document; 1 where nothing is said. */
  readonly threshold?: number;
  /** Public keys for root number 2, made now and kept apart: so a stolen signing key cannot rotate. */
  readonly nextPublicKeys: readonly Uint8Array[];
  /** The threshold of the next keys; 1 where nothing is said. */
  readonly nextThreshold?: number;
  readonly crypto: Crypto;
  /** Globs that the author limits itself to; absent or empty: none. */
  readonly scopes?: readonly string[];
}

/** Makes an author: root number 1, signed by every key that it names. */
export function createAuthor(input: CreateAuthorInput): CreatedAuthor {
  const signers = [input.signer, ...(input.otherSigners ?? [])];
  const root: Root = {
    v: 1,
    type: "root",
    number: 1,
    epoch: 1,
    keys: sortedKeys(signers.map((signer) => signer.publicKey)),
    threshold: input.threshold ?? 1,
    nextKeysDigest: keysDigest(input.crypto, sortedKeys(input.nextPublicKeys), input.nextThreshold ?? 1),
    scopes: (input.scopes ?? []).toSorted(compareText),
    carry: [],
  };
  const bytes = sealEnvelope(payloadType("root"), asJson(root), signers);
  return { author: makeId("author", digestOf(input.crypto, bytes)), bytes };
}

/** What a rotation needs: signers of both roots. */
export interface RotateAuthorInput {
  readonly author: AuthorId;
  /** Root N. */
  readonly previous: Root;
  /** Signers of root N, as many as its threshold. */
  readonly signers: readonly Signer[];
  /** Signers of root N+1: the keys that root N named in advance. */
  readonly nextSigners: readonly Signer[];
  /** Keys of root N+1 that sign later, elsewhere (`signAlso`). */
  readonly absentPublicKeys?: readonly Uint8Array[];
  /** The threshold of root N+1, as root N named it in advance; 1 where nothing is said. */
  readonly threshold?: number;
  /** Public keys for root N+2. */
  readonly nextPublicKeys: readonly Uint8Array[];
  /** The threshold of root N+2; 1 where nothing is said. */
  readonly nextThreshold?: number;
  /** Digests (hexadecimal) of documents that stay valid; everything else of the old epoch is revoked. */
  readonly carry?: readonly string[];
  readonly scopes?: readonly string[];
  readonly crypto: Crypto;
}

/** Makes root N+1, which begins a new epoch: revoking is publishing a new root. Returns its envelope. */
export function rotateAuthor(input: RotateAuthorInput): Uint8Array {
  const { crypto, previous } = input;
  const root: Root = {
    v: 1,
    type: "root",
    number: previous.number + 1,
    epoch: previous.epoch + 1,
    keys: sortedKeys([
      ...input.nextSigners.map((signer) => signer.publicKey),
      ...(input.absentPublicKeys ?? []),
    ]),
    threshold: input.threshold ?? 1,
    nextKeysDigest: keysDigest(crypto, sortedKeys(input.nextPublicKeys), input.nextThreshold ?? 1),
    scopes: (input.scopes ?? previous.scopes).toSorted(compareText),
    carry: (input.carry ?? []).toSorted(compareText),
    previous: rootDigest(crypto, previous),
    author: input.author,
  };
  const own = new Set(input.signers.map((signer) => toHex(signer.publicKey)));
  const others = input.nextSigners.filter((signer) => !own.has(toHex(signer.publicKey)));
  return sealEnvelope(payloadType("root"), asJson(root), [...input.signers, ...others]);
}

/** One fragment before it is signed. */
export interface BundleDocument {
  readonly name: string;
  readonly when?: string;
  readonly promises: Readonly<Record<ResourceId, ResourcePromise>>;
}

/** What a bundle needs. */
export interface SealBundleInput {
  readonly author: AuthorId;
  readonly stream: StreamName;
  /** The epoch of the author's newest root. */
  readonly epoch: number;
  /** Above every generation of this stream that the author has ever published in this epoch. */
  readonly generation: number;
  readonly documents: readonly BundleDocument[];
  readonly note?: string;
  /** How the generation comes into force; absent: at once. */
  readonly staging?: Staging;
  readonly signer: Signer;
  /** Signers beside the first, where the root's threshold asks for several. */
  readonly otherSigners?: readonly Signer[];
  readonly crypto: Crypto;
}

/** A sealed bundle: envelopes, in the order of the documents, and their ids. */
export interface SealedBundle {
  readonly manifest: Uint8Array;
  readonly manifestId: FragmentId;
  readonly fragments: readonly Uint8Array[];
  readonly ids: readonly FragmentId[];
}

/** Signs documents as one generation. Throws on documents that `compileSource` would not have let through. */
export function sealBundle(input: SealBundleInput): SealedBundle {
  const { author, stream, epoch, generation, signer, crypto } = input;
  const header = { v: 1, author, stream, epoch, generation };
  const signers = [signer, ...(input.otherSigners ?? [])];
  const fragments = input.documents.map((document) => {
    const guard = document.when === undefined ? {} : { when: document.when };
    const body = { ...header, type: "fragment", name: document.name, ...guard, promises: document.promises };
    return sealEnvelope(payloadType("fragment"), body, signers);
  });
  const ids = fragments.map((bytes) => makeId("frag", digestOf(crypto, bytes)));
  const note = input.note === undefined ? {} : { note: input.note };
  const staging = input.staging === undefined ? {} : { v: 2, staging: input.staging as unknown as Json };
  const body = { ...header, type: "manifest", fragments: ids.toSorted(compareText), ...note, ...staging };
  const manifest = sealEnvelope(payloadType("manifest"), body, signers);
  return { manifest, manifestId: makeId("frag", digestOf(crypto, manifest)), fragments, ids };
}

/** Signs a heartbeat. Throws on one that no agent would take. */
export function sealHeartbeat(heartbeat: Heartbeat, signers: readonly Signer[]): Uint8Array {
  const body = heartbeat as unknown as Json;
  const read = parseHeartbeat(body);
  if (isRejection(read)) throw new Error(`Not to be signed: ${read.detail}`);
  return sealEnvelope(payloadType("heartbeat"), body, signers);
}

/** Signs an owner's word. Throws on one that no agent would take. */
export function sealOwnerWord(word: OwnerWord, signer: Signer): Uint8Array {
  const body = word as unknown as Json;
  const read = parseOwnerWord(body);
  if (isRejection(read)) throw new Error(`Not to be signed: ${read.detail}`);
  return sealEnvelope(payloadType("owner"), body, [signer]);
}

/** Signs an author's word on a generation. Throws on one that no agent would take. */
export function sealDirective(directive: Directive, signers: readonly Signer[]): Uint8Array {
  const body = directive as unknown as Json;
  const read = parseDirective(body);
  if (isRejection(read)) throw new Error(`Not to be signed: ${read.detail}`);
  return sealEnvelope(payloadType("directive"), body, signers);
}

function sortedKeys(keys: readonly Uint8Array[]): readonly string[] {
  return keys.map(toHex).toSorted(compareText);
}

function digestOf(crypto: Crypto, bytes: Uint8Array): Uint8Array {
  const opened = openEnvelope(bytes);
  if (isRejection(opened)) throw new Error(`Sealed what cannot be opened: ${opened.detail}`);
  return envelopeDigest(crypto, opened.envelope);
}

function asJson(root: Root): Json {
  return root as unknown as Json;
}
