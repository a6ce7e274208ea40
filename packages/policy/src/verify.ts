import { toHex } from "./bytes.ts";
import { canonicalBytes } from "./canonical.ts";
import type { Crypto } from "./crypto.ts";
import { type Directive, parseDirective } from "./directive.ts";
import { envelopeDigest, openEnvelope, payloadType } from "./envelope.ts";
import type { Envelope } from "./envelopeBytes.ts";
import { type Fragment, parseFragment } from "./fragment.ts";
import { type Heartbeat, parseHeartbeat } from "./heartbeat.ts";
import { type AgentId, type AuthorId, type FragmentId, makeId } from "./ids.ts";
import type { Json } from "./json.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { type OwnerWord, parseOwnerWord } from "./owner.ts";
import { isRejection, type Rejection, reject } from "./rejection.ts";
import { type Report, type ReportingMember, verifyReport } from "./report.ts";
import { keysDigest, parseRoot, type Root } from "./root.ts";
import { checkSignatures } from "./signatures.ts";

declare const brand: unique symbol;

interface Verified {
  readonly [brand]: "verified";
  readonly author: AuthorId;
  /** The digest of what was signed: the identity of the document in sets and in manifests. */
  readonly id: FragmentId;
  /** The exact envelope, to be stored and relayed. */
  readonly bytes: Uint8Array;
}

/** A root whose signatures are those of its own threshold, and of its predecessor's. */
export interface VerifiedRoot extends Verified {
  readonly type: "root";
  readonly root: Root;
}

/** A manifest that its author signed. */
export interface VerifiedManifest extends Verified {
  readonly type: "manifest";
  readonly manifest: Manifest;
}

/** A fragment that its author signed. */
export interface VerifiedFragment extends Verified {
  readonly type: "fragment";
  readonly fragment: Fragment;
}

/** An author's word on a generation, signed like its manifest. */
export interface VerifiedDirective extends Verified {
  readonly type: "directive";
  readonly directive: Directive;
}

/** What a member says of a generation of `author`, signed by the member's own key. */
export interface VerifiedReport extends Verified {
  readonly type: "report";
  readonly report: Report;
}

/** An author's sign of life, signed like its manifests. */
export interface VerifiedHeartbeat extends Verified {
  readonly type: "heartbeat";
  readonly heartbeat: Heartbeat;
}

/** An owner's word on `author`, signed by the owner's key that it names. Who pins that key obeys it. */
export interface VerifiedOwnerWord extends Verified {
  readonly type: "owner";
  readonly word: OwnerWord;
}

/** A document that its author signed. */
export type VerifiedDocument =
  | VerifiedRoot
  | VerifiedManifest
  | VerifiedFragment
  | VerifiedDirective
  | VerifiedHeartbeat;

/** What travels as policy, with its signatures checked. Only `verifyPolicy` makes one. */
export type VerifiedPolicy = VerifiedDocument | VerifiedReport | VerifiedOwnerWord;

/** What verification stands on. */
export interface Trust {
  readonly crypto: Crypto;
  /** The newest verified root of an author that is known here. */
  rootOf(author: AuthorId): Root | undefined;
  /** The newest root of each branch, where an author has made two of one number: what either signs is let in, and held. */
  newestRoots?(author: AuthorId): readonly Root[];
  /** An author's root of one digest (hexadecimal), where all are kept: it lets a late or a second root N+1 be verified. */
  rootWithDigest?(author: AuthorId, digest: string): Root | undefined;
  /** An enrolled member. Where absent, nobody's report is known. */
  memberOf?(agent: AgentId): ReportingMember | undefined;
}

/**
 * Turns bytes into a verified document, or says why not.
 *
 * `unknownAuthor` is no fault of the sender: the caller ignores the bytes, fetches the root, and gets the
 * document again by anti-entropy. Whether a grant accepts the author is not asked here (see view.ts).
 */
export function verifyPolicy(bytes: Uint8Array, trust: Trust): VerifiedPolicy | Rejection {
  const opened = openEnvelope(bytes);
  if (isRejection(opened)) return opened;
  const { envelope, body } = opened;
  switch (envelope.payloadType) {
    case payloadType("root"):
      return verifyRoot(envelope, body, trust);
    case payloadType("manifest"): {
      const manifest = parseManifest(body);
      if (isRejection(manifest)) return manifest;
      const id = verifyDocument(envelope, manifest, trust);
      if (isRejection(id)) return id;
      return {
        type: "manifest",
        author: manifest.author,
        manifest,
        id,
        bytes: envelope.bytes,
      } as VerifiedManifest;
    }
    case payloadType("fragment"): {
      const fragment = parseFragment(body);
      if (isRejection(fragment)) return fragment;
      const id = verifyDocument(envelope, fragment, trust);
      if (isRejection(id)) return id;
      return {
        type: "fragment",
        author: fragment.author,
        fragment,
        id,
        bytes: envelope.bytes,
      } as VerifiedFragment;
    }
    case payloadType("directive"): {
      const directive = parseDirective(body);
      if (isRejection(directive)) return directive;
      const id = verifyDocument(envelope, directive, trust);
      if (isRejection(id)) return id;
      const { author } = directive;
      return { type: "directive", author, directive, id, bytes: envelope.bytes } as VerifiedDirective;
    }
    case payloadType("heartbeat"): {
      const heartbeat = parseHeartbeat(body);
      if (isRejection(heartbeat)) return heartbeat;
      const id = verifyDocument(envelope, heartbeat, trust);
      if (isRejection(id)) return id;
      const { author } = heartbeat;
      return { type: "heartbeat", author, heartbeat, id, bytes: envelope.bytes } as VerifiedHeartbeat;
    }
    case payloadType("owner"):
      return verifyOwnerWord(envelope, body, trust.crypto);
    case payloadType("report"): {
      const read = verifyReport(envelope, body, trust.memberOf, trust.crypto);
      if (isRejection(read)) return read;
      const { author } = read.report;
      return { type: "report", author, ...read, bytes: envelope.bytes } as VerifiedReport;
    }
    default:
      return reject("unknownType", `${envelope.payloadType} is not policy`);
  }
}

/** The digest of a root, in hexadecimal: what root N+1 calls `previous`. */
export function rootDigest(crypto: Crypto, root: Root): string {
  const body = canonicalBytes(root as unknown as Json);
  return toHex(envelopeDigest(crypto, { payloadType: payloadType("root"), body }));
}

/** An owner's word carries its own key: it says who obeys it, and nobody else does. */
function verifyOwnerWord(envelope: Envelope, body: Json, crypto: Crypto): VerifiedOwnerWord | Rejection {
  const word = parseOwnerWord(body);
  if (isRejection(word)) return word;
  const signers = checkSignatures(crypto, envelope, [word.owner]);
  if (isRejection(signers)) return signers;
  const id = makeId("frag", envelopeDigest(crypto, envelope));
  return { type: "owner", author: word.subject, word, id, bytes: envelope.bytes } as VerifiedOwnerWord;
}

/** By the newest root; by those of other branches where the author has made two of one number. */
function verifyDocument(
  envelope: Envelope,
  document: Manifest | Fragment | Directive | Heartbeat,
  trust: Trust,
): FragmentId | Rejection {
  const { author } = document;
  const root = trust.rootOf(author);
  if (root === undefined) return reject("unknownAuthor", `no root of ${author} is known here`);
  const verdict = verifyBy(root, envelope, document, trust.crypto);
  if (!isRejection(verdict)) return verdict;
  for (const rival of trust.newestRoots?.(author) ?? []) {
    if (rival === root) continue;
    const other = verifyBy(rival, envelope, document, trust.crypto);
    if (!isRejection(other)) return other;
  }
  return verdict;
}

function verifyBy(
  root: Root,
  envelope: Envelope,
  { author, epoch }: Manifest | Fragment | Directive | Heartbeat,
  crypto: Crypto,
): FragmentId | Rejection {
  const digest = envelopeDigest(crypto, envelope);
  const id = makeId("frag", digest);
  if (epoch > root.epoch) {
    return reject("unknownAuthor", `epoch ${epoch} is of a root of ${author} not known here`);
  }
  if (epoch < root.epoch) {
    // A carried digest is vouched for by the root's own signatures; the old keys may be gone.
    if (root.carry.includes(toHex(digest))) return id;
    return reject("olderGeneration", `epoch ${epoch} was revoked, the author's root is at ${root.epoch}`);
  }
  const signers = checkSignatures(crypto, envelope, root.keys);
  if (isRejection(signers)) return signers;
  return tooFew(signers, root) ?? id;
}

function verifyRoot(envelope: Envelope, body: Json, trust: Trust): VerifiedRoot | Rejection {
  const root = parseRoot(body);
  if (isRejection(root)) return root;
  const digest = envelopeDigest(trust.crypto, envelope);
  const author = root.author ?? makeId("author", digest);
  const previous = root.author === undefined ? undefined : previousRoot(root.author, root, trust);
  if (isRejection(previous)) return previous;
  const problem =
    previous === undefined
      ? root.epoch === 1
        ? undefined
        : reject("malformed", "root number 1 begins with epoch 1")
      : successionProblem(trust.crypto, previous, root);
  if (problem !== undefined) return problem;
  const keys = [...new Set([...(previous?.keys ?? []), ...root.keys])];
  const signers = checkSignatures(trust.crypto, envelope, keys);
  if (isRejection(signers)) return signers;
  // TUF 5.3.4: signed by the threshold of the previous root and by its own.
  const few = tooFew(signers, root) ?? (previous === undefined ? undefined : tooFew(signers, previous));
  if (few !== undefined) return few;
  return { type: "root", author, root, id: makeId("frag", digest), bytes: envelope.bytes } as VerifiedRoot;
}

/** Root N−1 of the root to verify. */
function previousRoot(author: AuthorId, root: Root, trust: Trust): Root | Rejection {
  const newest = trust.rootOf(author);
  if (newest === undefined) return reject("unknownAuthor", `no root of ${author} is known here`);
  if (rootDigest(trust.crypto, newest) === root.previous) return newest;
  const kept = trust.rootWithDigest?.(author, root.previous ?? "");
  if (kept !== undefined) return kept;
  if (newest.number >= root.number) {
    return reject("olderGeneration", `root ${root.number} is not newer than root ${newest.number}`);
  }
  if (newest.number === root.number - 1) {
    return reject("equivocation", `root ${root.number} continues another root ${newest.number}`);
  }
  return reject("unknownAuthor", `roots between ${newest.number} and ${root.number} are missing`);
}

function successionProblem(crypto: Crypto, previous: Root, root: Root): Rejection | undefined {
  if (root.number !== previous.number + 1) {
    return reject("malformed", `root ${root.number} continues root ${previous.number}`);
  }
  if (keysDigest(crypto, root.keys, root.threshold) !== previous.nextKeysDigest) {
    return reject("unknownKey", `the keys are not those that root ${previous.number} named in advance`);
  }
  // With new keys and the old epoch, a document signed by the old ones would be valid on some devices only.
  const sameKeys = root.threshold === previous.threshold && root.keys.join() === previous.keys.join();
  const epochs = sameKeys ? [previous.epoch, previous.epoch + 1] : [previous.epoch + 1];
  if (epochs.includes(root.epoch)) return undefined;
  return reject("malformed", `epoch ${root.epoch} after ${previous.epoch}: new keys begin the next epoch`);
}

function tooFew(signers: ReadonlySet<string>, root: Root): Rejection | undefined {
  const count = root.keys.filter((key) => signers.has(key)).length;
  if (count >= root.threshold) return undefined;
  return reject("tooFewSignatures", `${count} of ${root.threshold} signatures`);
}
