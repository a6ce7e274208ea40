import { createHash } from "node:crypto";
import {
  type AgentId,
  type AuthorId,
  type Crypto,
  compareText,
  createAuthor,
  type Grant,
  idDigest,
  isRejection,
  makeId,
  openEnvelope,
  parseStreamName,
  type RejectionReason,
  type ResourceId,
  type Root,
  rotateAuthor,
  type Signer,
  type StreamName,
  sealBundle,
  sealHeartbeat,
  sealOwnerWord,
  toHex,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import fc from "fast-check";
import type { Output } from "../../src/contract/output.ts";
import type { Snapshot } from "../../src/contract/snapshot.ts";
import type { Now } from "../../src/contract/time.ts";
import type { Turn } from "../../src/contract/turn.ts";
import { PolicyKeeping, type PolicyKeepingOptions } from "../../src/keeping/policies.ts";
import { Random } from "../../src/random.ts";
import { resourceTypes } from "../../src/resources/index.ts";

/** Signatures that anybody could forge, a hundred times faster than real ones: histories are about order, not keys. */
export const quickCrypto: Crypto = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  verifyEd25519: (publicKey, message, signature) =>
    Buffer.from(quickSignature(publicKey, message)).equals(Buffer.from(signature)),
};

function quickSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = createHash("sha256").update(publicKey).update(message).digest();
  const signature = new Uint8Array(64);
  signature.set(half);
  signature.set(half, 32);
  // Within the bounds that every signature must keep: y < p, and S < L.
  signature[31] = 1;
  signature[63] = 0;
  return signature;
}

/** A key of such signatures, the same for the same label. */
export function signerOf(label: string): Signer {
  const publicKey = new Uint8Array(createHash("sha256").update(label).digest());
  publicKey[31] = 2;
  return { publicKey, sign: (message) => quickSignature(publicKey, message) };
}

const streams = ["home", "lights"].map((text) => parseStreamName(text) as StreamName);
export const owner: Signer = signerOf("owner");
/** What the devices of these histories pin. */
export const ownerHex: string = toHex(owner.publicKey);

/** One thing that an author, a thief of its key or the owner does. Numbers choose among what is there. */
export type Act =
  | { readonly type: "publish"; readonly author: number; readonly stream: number; readonly files: number }
  /** A second body of a version that was published before. */
  | { readonly type: "equivocate"; readonly author: number; readonly which: number }
  | { readonly type: "rotate"; readonly author: number; readonly carry: boolean }
  /** A second root that continues one that was continued before. */
  | { readonly type: "fork"; readonly author: number; readonly which: number }
  | { readonly type: "beat"; readonly author: number; readonly freshForMs: number }
  | { readonly type: "word"; readonly author: number; readonly accepts: boolean };

const author = fc.nat({ max: 1 });

/** Histories of up to twenty acts of two authors and their owner. */
export const histories: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant("publish" as const),
        author,
        stream: fc.nat({ max: 1 }),
        files: fc.integer({ min: 0, max: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("equivocate" as const), author, which: fc.nat(9) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant("rotate" as const), author, carry: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("fork" as const), author, which: fc.nat(3) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("beat" as const),
        author,
        // An expired one stops adoption, so that what is in force would depend on when it came, as it shall.
        freshForMs: fc.constantFrom(500_000, 1_000_000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("word" as const), author, accepts: fc.boolean() }),
    },
  ),
  { minLength: 1, maxLength: 20 },
);

interface Published {
  readonly stream: StreamName;
  readonly epoch: number;
  readonly generation: number;
  readonly keyNumber: number;
}

/** 2026-01-01: a clock that may be trusted. */
export const wallMs = 1_767_225_600_000;

/** An author of a history: what it has done so far. */
class Writer {
  readonly id: AuthorId;
  readonly firstRoot: Uint8Array;
  readonly #name: string;
  /** The newest roots of its branches, by number; forks begin where they like. */
  #root: Root;
  readonly #roots: Root[] = [];
  readonly #published: Published[] = [];
  readonly #newest = new Map<StreamName, readonly string[]>();
  #words = 0;
  #beats = 0;

  constructor(name: string) {
    this.#name = name;
    const created = createAuthor({
      signer: this.#key(1),
      nextPublicKeys: [this.#key(2).publicKey],
      crypto: quickCrypto,
    });
    this.id = created.author;
    this.firstRoot = created.bytes;
    this.#root = rootIn(created.bytes, undefined);
    this.#roots.push(this.#root);
  }

  #key(number: number): Signer {
    return signerOf(`${this.#name} ${number}`);
  }

  do(act: Act, index: number): readonly Uint8Array[] {
    switch (act.type) {
      case "publish": {
        const stream = streams[act.stream] as StreamName;
        const { epoch, number } = this.#root;
        const before = this.#published.filter((each) => each.stream === stream && each.epoch === epoch);
        const published = { stream, epoch, generation: before.length + 1, keyNumber: number };
        this.#published.push(published);
        return this.#seal(published, act.files, `${index}`, true);
      }
      case "equivocate": {
        const published = this.#published[act.which % Math.max(1, this.#published.length)];
        return published === undefined ? [] : this.#seal(published, 1, `evil ${index}`, false);
      }
      case "rotate":
        return [this.#rotate(this.#root, act.carry ? [...this.#newest.values()].flat() : [], true)];
      case "fork": {
        const previous = this.#roots[act.which % this.#roots.length] as Root;
        return [this.#rotate(previous, [`${"0".repeat(62)}${(index + 16).toString(16)}`], false)];
      }
      case "beat": {
        this.#beats += 1;
        const beat = { v: 1, type: "heartbeat", author: this.id, epoch: this.#root.epoch } as const;
        const times = { wallMs: wallMs - 10_000 + this.#beats, freshUntilMs: wallMs + act.freshForMs };
        return [sealHeartbeat({ ...beat, ...times, streams: [] }, [this.#key(this.#root.number)])];
      }
      case "word": {
        this.#words += 1;
        const word = {
          v: 1,
          type: "owner",
          owner: ownerHex,
          subject: this.id,
          sequence: this.#words,
        } as const;
        const grant = { scope: ["**"], rank: 1, mode: "enforce", powers: [], bytesMax: 1_000_000 } as const;
        return [sealOwnerWord(act.accepts ? { ...word, grant } : word, owner)];
      }
      default:
        throw new Error(`unknown act ${act satisfies never}`);
    }
  }

  #seal(published: Published, files: number, content: string, isNewest: boolean): readonly Uint8Array[] {
    const { stream, epoch, generation, keyNumber } = published;
    const documents = Array.from({ length: files }, (_none, part) => ({
      name: `part-${part}`,
      promises: { [`file:/etc/${stream}-${part}` as ResourceId]: { content } },
    }));
    const signer = this.#key(keyNumber);
    const header = { author: this.id, stream, epoch, generation, signer, crypto: quickCrypto };
    const sealed = sealBundle({ ...header, documents, note: content });
    if (isNewest) {
      const ids = [sealed.manifestId, ...sealed.ids];
      this.#newest.set(
        stream,
        ids.map((id) => toHex(idDigest(id) ?? new Uint8Array())),
      );
    }
    return [sealed.manifest, ...sealed.fragments];
  }

  #rotate(previous: Root, carry: readonly string[], isOwn: boolean): Uint8Array {
    const bytes = rotateAuthor({
      author: this.id,
      previous,
      signers: [this.#key(previous.number)],
      nextSigners: [this.#key(previous.number + 1)],
      nextPublicKeys: [this.#key(previous.number + 2).publicKey],
      carry: [...new Set(carry)],
      crypto: quickCrypto,
    });
    if (isOwn) {
      this.#root = rootIn(bytes, previous);
      this.#roots.push(this.#root);
      for (const [stream, digests] of this.#newest) {
        if (!digests.every((digest) => carry.includes(digest))) this.#newest.delete(stream);
      }
    }
    return bytes;
  }
}

function rootIn(bytes: Uint8Array, previous: Root | undefined): Root {
  const policy = verifyPolicy(bytes, { crypto: quickCrypto, rootOf: () => previous });
  if (isRejection(policy) || policy.type !== "root") throw new Error("a root that was just made is sound");
  return policy.root;
}

/** A history as what was put on the wire, in the order in which it was made. */
export interface Made {
  readonly authors: readonly AuthorId[];
  readonly documents: readonly Uint8Array[];
}

/** Does a history. */
export function make(acts: readonly Act[]): Made {
  const writers = [new Writer("alice"), new Writer("bob")];
  const documents = writers.map(({ firstRoot }) => firstRoot);
  for (const [index, act] of acts.entries())
    documents.push(...(writers[act.author] as Writer).do(act, index));
  return { authors: writers.map(({ id }) => id), documents };
}

const peer: AgentId = makeId("agent", new Uint8Array(32).fill(9));

const deviceOptions: PolicyKeepingOptions = {
  crypto: quickCrypto,
  contexts: { arch: "x64", hostname: "h", name: "n", os: "linux", tags: [] },
  resourceTypes,
  protectedResources: [],
  owner: ownerHex,
};

/** A device with nothing but its policy: border, store and journal. */
export class Device {
  #policies: PolicyKeeping;
  readonly #journal = new Map<string, Snapshot>();
  readonly #verified = new Map<string, VerifiedPolicy>();
  readonly outputs: Output[] = [];
  readonly #options: PolicyKeepingOptions;
  now: Now = { monoMs: 0, wallMs };

  constructor(grants: readonly Grant[], changes: Partial<PolicyKeepingOptions> = {}) {
    this.#options = { ...deviceOptions, ...changes };
    this.#policies = PolicyKeeping.create(this.#options, { records: [], members: [], policies: [] });
    this.#policies.start(this.#turn());
    for (const grant of grants) this.grant(grant);
  }

  grant(grant: Grant): void {
    this.#policies.grant(grant, this.#turn());
  }

  /** Lets time pass, and wakes the store as its mind does. */
  wait(ms: number): void {
    this.now = { monoMs: this.now.monoMs + ms, wallMs: this.now.wallMs + ms };
    this.#policies.wake(this.#turn());
  }

  /** Names and reasons of what was told so far. */
  told(): readonly string[] {
    return this.outputs.flatMap((output) =>
      output.type === "tell" ? [`${output.event.name} ${output.event.fields["reason"] ?? ""}`.trim()] : [],
    );
  }

  get policies(): PolicyKeeping {
    return this.#policies;
  }

  /** What the network's border does with bytes, and then the mind. Says why they were not let in. */
  hear(bytes: Uint8Array): RejectionReason | undefined {
    const policy = verifyPolicy(bytes, {
      crypto: quickCrypto,
      rootOf: (id) => this.#policies.rootOf(id),
      newestRoots: (id) => this.#policies.newestRoots(id),
      rootWithDigest: (id, digest) => this.#policies.rootWithDigest(id, digest),
    });
    if (isRejection(policy)) return policy.reason;
    this.#verified.set(policy.id, policy);
    this.#policies.accept(policy, peer, this.#turn());
    return undefined;
  }

  /** Loses power: what the journal holds is what is left, but for what is damaged in it. */
  restart(isDamaged: (key: string) => boolean = () => false): void {
    const records = [...this.#journal]
      .map(([key, value]) => ({ key, value }))
      .filter(({ key }) => !isDamaged(key));
    const held = (prefix: string): VerifiedPolicy[] =>
      records
        .filter(({ key }) => key.startsWith(prefix))
        .map(({ key }) => this.#verified.get(key.slice(prefix.length)) as VerifiedPolicy)
        .sort((left, right) => rootNumber(left) - rootNumber(right) || compareText(left.id, right.id));
    const rest = records.filter(({ key }) => !/^(policy|evidence)\//.test(key));
    const [policies, evidence] = [held("policy/"), held("evidence/")];
    this.#policies = PolicyKeeping.create(this.#options, {
      records: rest,
      members: [],
      policies,
      evidence,
    });
    this.#policies.start(this.#turn());
  }

  /** Goes on from a dump, in another process. */
  move(): void {
    this.#policies = PolicyKeeping.restore(this.#options, structuredClone(this.#policies.dump()));
  }

  /** One round of anti-entropy, led from here. True when something came or went. */
  exchange(other: Device): boolean {
    const before = `${this.policies.digest()} ${other.policies.digest()}`;
    const wanted = this.policies.wantedFrom(other.policies.heads());
    for (const { bytes } of other.policies.take(wanted)) this.hear(bytes);
    const lacked = this.policies.lackedBy(other.policies.heads());
    for (const { bytes } of this.policies.take(lacked)) other.hear(bytes);
    return `${this.policies.digest()} ${other.policies.digest()}` !== before;
  }

  /** What is in force: the resource, its promise and its author, unless another device freezes it for a dispute. */
  inForceBut(other: Device): unknown {
    const { frozen } = other.policies.current;
    return [...this.#policies.current.promises.values()]
      .filter(({ resource }) => !frozen.has(resource))
      .map(({ resource, promise, author: by }) => [resource, promise, by]);
  }

  /**
   * Who is in dispute, which generation of each other stream is in force, and whom the owner accepts: the same on all
   * devices in the end.
   */
  summary(): unknown {
    const { streams: states } = this.#policies.current;
    // Of an author with two roots of one number nothing is in force anywhere. What one of them revoked may be dropped
    // here and not there, by what came first: only what is superseded is ever dropped.
    const forked = this.#policies.inspect().authors.flatMap((each) => (each.isForked ? [each.author] : []));
    return {
      forked,
      streams: states
        .filter(({ held, author: by }) => held !== "noGrant" && !forked.includes(by))
        .map(({ author: by, stream, active, held }) => ({
          by,
          stream,
          held,
          version: held === undefined ? active?.version : undefined,
        }))
        .filter(({ held, version }) => held !== undefined || version !== undefined),
      grants: this.#policies.grants,
    };
  }

  #turn(): Turn {
    return {
      now: this.now,
      random: Random.fromSeed(1),
      emit: (output) => {
        this.outputs.push(output);
        if (output.type !== "persist") return;
        for (const { key, value } of output.records) {
          if (value === null) this.#journal.delete(key);
          else this.#journal.set(key, value);
        }
      },
      tell: (name, level, fields) => this.outputs.push({ type: "tell", event: { name, level, fields } }),
    };
  }
}

function rootNumber(policy: VerifiedPolicy): number {
  return policy.type === "root" ? policy.root.number : Number.POSITIVE_INFINITY;
}

/** How one device hears of a history: which documents, in which order, and what happens to it meanwhile. */
export interface Delivery {
  readonly keys: readonly number[];
  readonly loss: number;
  readonly incidents: readonly { readonly after: number; readonly what: "restart" | "move" }[];
}

/** Any order of any part, with restarts and moves in between. */
export const deliveries: fc.Arbitrary<Delivery> = fc.record({
  keys: fc.array(fc.nat({ max: 1_000_000 }), { minLength: 100, maxLength: 100 }),
  loss: fc.constantFrom(0, 0.2, 0.6),
  incidents: fc.array(
    fc.record({ after: fc.nat({ max: 60 }), what: fc.constantFrom("restart" as const, "move" as const) }),
    { maxLength: 3 },
  ),
});

/** Brings a history to a device as a delivery says. */
export function deliver(device: Device, { documents }: Made, { keys, loss, incidents }: Delivery): void {
  const order = documents
    .map((bytes, index) => ({ bytes, key: keys[index % keys.length] ?? 0 }))
    .filter(({ key }) => (key % 1_000) / 1_000 >= loss)
    .sort((left, right) => left.key - right.key);
  for (const [index, { bytes }] of order.entries()) {
    for (const { after, what } of incidents) {
      if (after === index && what === "restart") device.restart();
      if (after === index && what === "move") device.move();
    }
    device.hear(bytes);
  }
}

/** Lets devices exchange what they hold until nothing changes; throws where that has no end. */
export function settle(devices: readonly Device[]): void {
  for (let round = 0; round < 50; round += 1) {
    let hasChanged = false;
    for (const one of devices) {
      for (const other of devices) if (one !== other && one.exchange(other)) hasChanged = true;
    }
    if (!hasChanged) return;
  }
  throw new Error("the devices do not settle");
}

/** A grant of everything, as the owner gives it on each of these devices. */
export function grantAll(to: AuthorId, rank: number): Grant {
  return { author: to, scope: ["**"], rank, mode: "enforce", powers: [], bytesMax: 1_000_000 };
}

/** Whether the bytes are a root: told first where a test wants the rest to be verifiable. */
export function isRoot(bytes: Uint8Array): boolean {
  const opened = openEnvelope(bytes);
  return !isRejection(opened) && opened.envelope.payloadType.includes(".root.");
}
