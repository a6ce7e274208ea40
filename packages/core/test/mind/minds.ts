import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import {
  type AuthorId,
  type BundleDocument,
  type Crypto,
  createAuthor,
  type Grant,
  isRejection,
  parseStreamName,
  type Root,
  rotateAuthor,
  type Signer,
  sealBundle,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import type { Input } from "../../src/contract/input.ts";
import type { MindOptions, StepResult } from "../../src/contract/mind.ts";
import type { Now } from "../../src/contract/time.ts";
import { Mind } from "../../src/mind.ts";
import { resourceTypes } from "../../src/resources/index.ts";
import { defaultSettings } from "../../src/settings.ts";
import { enrol, swarmId } from "../swarm/people.ts";

const derPrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

export const crypto: Crypto = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  verifyEd25519: (publicKey, message, signature) =>
    verify(
      null,
      message,
      createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: "der", type: "spki" }),
      signature,
    ),
};

/** The key of a number. */
export function signer(seed: number): Signer {
  const secret = Buffer.alloc(32);
  secret.writeUInt32LE(seed);
  const key = createPrivateKey({ key: Buffer.concat([derPrefix, secret]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(-32)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

/** An author with everything that it publishes, verified. */
export interface TestAuthor {
  readonly author: AuthorId;
  readonly root: VerifiedPolicy;
  /** The root that revokes the newest one; `scopes` tells two of one number apart. */
  rotate(scopes?: readonly string[]): VerifiedPolicy;
  /** Manifest first, signed by the keys of an epoch. */
  publish(
    generation: number,
    documents: readonly BundleDocument[],
    more?: { readonly stream?: string; readonly epoch?: 1 | 2; readonly note?: string },
  ): VerifiedPolicy[];
  /** A bundle of files under `/etc` with these contents. */
  files(generation: number, contents: readonly string[]): VerifiedPolicy[];
}

export function author(seed: number): TestAuthor {
  const [first, second] = [signer(3 * seed), signer(3 * seed + 1)];
  const third = signer(3 * seed + 2);
  const made = createAuthor({ signer: first, nextPublicKeys: [second.publicKey], crypto });
  const open = (bytes: Uint8Array, known?: Root): VerifiedPolicy => {
    const policy = verifyPolicy(bytes, { crypto, rootOf: () => known });
    if (isRejection(policy)) throw new Error(policy.detail);
    return policy;
  };
  const root = open(made.bytes);
  if (root.type !== "root") throw new Error("the author is a root");
  const rotate: TestAuthor["rotate"] = (scopes) =>
    open(
      rotateAuthor({
        author: made.author,
        previous: root.root,
        signers: [first],
        nextSigners: [second],
        nextPublicKeys: [third.publicKey],
        crypto,
        ...(scopes === undefined ? {} : { scopes }),
      }),
      root.root,
    );
  const publish: TestAuthor["publish"] = (generation, documents, more = {}) => {
    const stream = parseStreamName(more.stream ?? "home");
    if (stream === undefined) throw new Error("not a stream");
    const epoch = more.epoch ?? 1;
    const note = more.note === undefined ? {} : { note: more.note };
    const key = epoch === 1 ? first : second;
    const input = { author: made.author, stream, epoch, generation, documents, signer: key, crypto, ...note };
    const sealed = sealBundle(input);
    const newest = epoch === 1 ? root : rotate();
    if (newest.type !== "root") throw new Error("a rotation makes a root");
    return [sealed.manifest, ...sealed.fragments].map((bytes) => open(bytes, newest.root));
  };
  return {
    author: made.author,
    root,
    rotate,
    publish,
    files: (generation, contents) =>
      publish(
        generation,
        contents.map((content, index) => ({
          name: `part-${index}`,
          promises: { [`file:/etc/part-${index}`]: { content } } as BundleDocument["promises"],
        })),
      ),
  };
}

export function grantTo(policy: VerifiedPolicy): Grant {
  return {
    author: policy.author,
    scope: ["file:/etc/**"],
    rank: 1,
    mode: "enforce",
    powers: [],
    bytesMax: 100_000,
  };
}

const own = enrol("own");
const peer = enrol("peer");

export const options: MindOptions = {
  agent: own.agent,
  swarm: swarmId,
  certificate: own.certificate,
  build: "test",
  contexts: { arch: "x64", hostname: "h", name: "own", os: "linux", tags: [] },
  digestKey: new Uint8Array(32),
  random: [1, 2, 3, 1],
  crypto,
  settings: defaultSettings,
  resourceTypes,
  protectedResources: [],
};

/** One mind with a clock that its caller moves. */
export class Life {
  mind: Mind;
  now: Now = { monoMs: 0, wallMs: 0 };

  constructor(mind: Mind) {
    this.mind = mind;
  }

  step(input: Input): StepResult {
    return this.mind.step(input, this.now);
  }

  start(): StepResult {
    return this.step({ type: "started", addresses: [] });
  }

  take(policy: VerifiedPolicy): StepResult {
    return this.step({ type: "policy", policy, from: peer.agent });
  }

  grant(grant: Grant): StepResult {
    return this.step({ type: "command", id: "g", command: { type: "grant", grant } });
  }

  /** The same life in another process: nothing but the dump goes over. */
  moved(): Life {
    const life = new Life(Mind.restore(options, structuredClone(this.mind.dump())));
    life.now = this.now;
    return life;
  }
}

export function mindOf(): Life {
  return new Life(Mind.create(options, { records: [], members: [], policies: [] }));
}
