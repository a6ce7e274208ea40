import {
  type AuthorId,
  createAuthor,
  idDigest,
  isRejection,
  parseStreamName,
  type ResourceId,
  type Root,
  rotateAuthor,
  type Signer,
  type StreamName,
  sealBundle,
  sealHeartbeat,
  sealOwnerWord,
  toHex,
  verifyPolicy,
} from "@antibody/policy";
import fc from "fast-check";

import { type Device, wallMs } from "./device.ts";
import { owner, ownerHex, quickCrypto, signerOf } from "./quickKeys.ts";

const streams = ["home", "lights"].map((text) => parseStreamName(text) as StreamName);

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
