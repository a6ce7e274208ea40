import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign as nodeSign,
  verify as nodeVerify,
} from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type AuthorId,
  type BundleDocument,
  type Crypto,
  createAuthor,
  type Grant,
  isRejection,
  parseResourceId,
  parseStreamName,
  type Rejection,
  type ResourceId,
  type ResourcePromise,
  type Root,
  type Signer,
  type StreamName,
  sealBundle,
  type VerifiedPolicy,
  verifyPolicy,
} from "../src/index.ts";

/** The primitives as the device has them. */
export const crypto: Crypto = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  verifyEd25519: (publicKey, message, signature) => {
    try {
      const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), publicKey]);
      return nodeVerify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
    } catch {
      return false;
    }
  },
};

/** A key from a secret of 32 bytes in hexadecimal. */
export function signerFrom(secretHex: string): Signer {
  const der = Buffer.concat([
    Buffer.from("302e020100300506032b657004220420", "hex"),
    Buffer.from(secretHex, "hex"),
  ]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = new Uint8Array(
    createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32),
  );
  return { publicKey, sign: (message) => new Uint8Array(nodeSign(null, message, key)) };
}

/** The same key for the same label, in every run. */
export function signerOf(label: string): Signer {
  return signerFrom(createHash("sha256").update(label).digest("hex"));
}

/** An author with its keys and its verified root. */
export interface TestAuthor {
  readonly author: AuthorId;
  readonly signer: Signer;
  readonly nextSigner: Signer;
  readonly root: Root;
  readonly rootPolicy: VerifiedPolicy;
  readonly rootBytes: Uint8Array;
}

export function authorOf(label: string, scopes: readonly string[] = []): TestAuthor {
  const signer = signerOf(label);
  const nextSigner = signerOf(`${label}, next`);
  const created = createAuthor({ signer, nextPublicKeys: [nextSigner.publicKey], crypto, scopes });
  const rootPolicy = accepted(verifyPolicy(created.bytes, { crypto, rootOf: () => undefined }));
  if (rootPolicy.type !== "root") throw new Error("A root is expected");
  const { author, bytes: rootBytes } = created;
  return { author, signer, nextSigner, root: rootPolicy.root, rootPolicy, rootBytes };
}

export const home: StreamName = streamOf("home");

export function streamOf(text: string): StreamName {
  const stream = parseStreamName(text);
  if (stream === undefined) throw new Error(`No stream name: ${text}`);
  return stream;
}

export function resourceOf(text: string): ResourceId {
  const parts = parseResourceId(text);
  if (parts === undefined) throw new Error(`No resource id: ${text}`);
  return parts.id;
}

export function documentOf(
  name: string,
  promises: Readonly<Record<string, ResourcePromise>>,
  when?: string,
): BundleDocument {
  const entries = Object.entries(promises).map(([id, promise]) => [resourceOf(id), promise] as const);
  return { name, ...(when === undefined ? {} : { when }), promises: Object.fromEntries(entries) };
}

/** A generation of an author's stream: sealed, and verified. */
export interface TestBundle {
  readonly manifest: VerifiedPolicy;
  readonly fragments: readonly VerifiedPolicy[];
  readonly all: readonly VerifiedPolicy[];
  readonly bytes: readonly Uint8Array[];
}

export function bundleOf(
  by: TestAuthor,
  generation: number,
  documents: readonly BundleDocument[],
  options: { stream?: StreamName; epoch?: number; signer?: Signer; root?: Root; note?: string } = {},
): TestBundle {
  const { stream = home, epoch = 1, signer = by.signer, root = by.root, note } = options;
  const input = { author: by.author, stream, epoch, generation, documents, signer, crypto };
  const sealed = sealBundle(note === undefined ? input : { ...input, note });
  const verify = (bytes: Uint8Array): VerifiedPolicy =>
    accepted(verifyPolicy(bytes, trustIn(by.author, root)));
  const manifest = verify(sealed.manifest);
  const fragments = sealed.fragments.map(verify);
  return {
    manifest,
    fragments,
    all: [manifest, ...fragments],
    bytes: [sealed.manifest, ...sealed.fragments],
  };
}

export function trustIn(
  author: AuthorId,
  root: Root,
): { crypto: Crypto; rootOf(id: AuthorId): Root | undefined } {
  return { crypto, rootOf: (id) => (id === author ? root : undefined) };
}

export function grantOf(author: AuthorId, changes: Partial<Grant> = {}): Grant {
  return { author, scope: ["**"], rank: 1, mode: "enforce", powers: [], bytesMax: 1_000_000, ...changes };
}

/** The value, or an error that shows the rejection. */
export function accepted<Value extends object>(value: Value | Rejection): Value {
  if (isRejection(value)) throw new Error(`Rejected: ${value.reason}: ${value.detail}`);
  return value;
}

/** The reason of a rejection, or undefined where it was accepted. */
export function reasonOf(value: unknown): string | undefined {
  return isRejection(value) ? value.reason : undefined;
}

/** Public vectors beside the repository. A machine without them skips; CI must have them. */
export const vectorsFolder: string = fileURLToPath(new URL("../../../../shared/vectors", import.meta.url));
export const vectorsAbsent: boolean = !existsSync(vectorsFolder) && process.env["CI"] === undefined;
