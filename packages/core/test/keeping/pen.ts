import {
  type AuthorId,
  createAuthor,
  isRejection,
  parseStreamName,
  type ResourceId,
  type ResourcePromise,
  type Root,
  rotateAuthor,
  type Signer,
  type StreamName,
  sealBundle,
  sealHeartbeat,
  verifyPolicy,
} from "@antibody/policy";
import { quickCrypto, signerOf } from "./quickKeys.ts";

export const home: StreamName = parseStreamName("home") as StreamName;

type Promises = Readonly<Record<string, ResourcePromise>>;

interface Sealing {
  readonly epoch?: number;
  readonly signer?: Signer;
  readonly stream?: string;
  readonly note?: string;
}

/** An author whose keys are all at hand: what it signs, and what a thief of some of them could. */
export class Pen {
  readonly author: AuthorId;
  readonly roots: Uint8Array[];
  root: Root;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    const created = createAuthor({
      signer: this.key(1),
      nextPublicKeys: [this.key(2).publicKey],
      crypto: quickCrypto,
    });
    this.author = created.author;
    this.roots = [created.bytes];
    this.root = rootOf(created.bytes, undefined);
  }

  /** The key that signs under the root of a number. */
  key(number: number): Signer {
    return signerOf(`${this.#name} key ${number}`);
  }

  /** A root that continues the newest, or another one; the author's own goes on from there. */
  rotate(
    changes: {
      readonly carry?: readonly string[];
      readonly scopes?: readonly string[];
      readonly from?: Root;
    } = {},
  ): Uint8Array {
    const { from = this.root, ...rest } = changes;
    const bytes = rotateAuthor({
      author: this.author,
      previous: from,
      signers: [this.key(from.number)],
      nextSigners: [this.key(from.number + 1)],
      nextPublicKeys: [this.key(from.number + 2).publicKey],
      crypto: quickCrypto,
      ...rest,
    });
    if (from === this.root) {
      this.root = rootOf(bytes, from);
      this.roots.push(bytes);
    }
    return bytes;
  }

  /** Manifest first. */
  bundle(generation: number, promises: Promises, sealing: Sealing = {}): readonly Uint8Array[] {
    const { epoch = this.root.epoch, signer = this.key(this.root.number), stream = "home", note } = sealing;
    const entries = Object.entries(promises).map(([id, promise]) => [id as ResourceId, promise] as const);
    const documents = entries.length === 0 ? [] : [{ name: "part", promises: Object.fromEntries(entries) }];
    const header = { author: this.author, stream: parseStreamName(stream) as StreamName, epoch, generation };
    const sealed = sealBundle({ ...header, documents, signer, crypto: quickCrypto, ...(note && { note }) });
    return [sealed.manifest, ...sealed.fragments];
  }

  /** A bundle that promises one file. */
  motd(generation: number, content: string, sealing: Sealing = {}): readonly Uint8Array[] {
    return this.bundle(generation, { "file:/etc/motd": { content } }, sealing);
  }

  beat(wallMs: number, freshUntilMs: number, generation?: number): Uint8Array {
    const streams = generation === undefined ? [] : [{ stream: home, generation }];
    const { epoch, number } = this.root;
    const header = { v: 1, type: "heartbeat", author: this.author, epoch } as const;
    return sealHeartbeat({ ...header, wallMs, freshUntilMs, streams }, [this.key(number)]);
  }
}

function rootOf(bytes: Uint8Array, previous: Root | undefined): Root {
  const policy = verifyPolicy(bytes, { crypto: quickCrypto, rootOf: () => previous });
  if (isRejection(policy) || policy.type !== "root") throw new Error("a root that was just made is sound");
  return policy.root;
}
