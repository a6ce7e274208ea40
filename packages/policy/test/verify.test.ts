import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bundleFragmentsMax,
  type Crypto,
  createAuthor,
  idDigest,
  type Json,
  keysDigest,
  openEnvelope,
  payloadType,
  type Root,
  rootDigest,
  rotateAuthor,
  type Signer,
  sealBundle,
  sealEnvelope,
  toHex,
  type VerifiedPolicy,
  type VerifiedRoot,
  verifyPolicy,
} from "../src/index.ts";
import {
  accepted,
  authorOf,
  bundleOf,
  crypto,
  documentOf,
  home,
  reasonOf,
  signerOf,
  trustIn,
} from "./support.ts";

const alice = authorOf("alice");
const mallory = authorOf("mallory");
const trust = trustIn(alice.author, alice.root);
const motd = documentOf("motd", { "file:/etc/motd": { content: "hello\n" } });
const bundle = bundleOf(alice, 1, [motd]);
const fragmentBytes = bundle.bytes[1] ?? new Uint8Array();
const fragmentBody = accepted(openEnvelope(fragmentBytes)).body as { readonly [field: string]: Json };
const manifestBody = accepted(openEnvelope(bundle.bytes[0] ?? new Uint8Array())).body as {
  readonly [field: string]: Json;
};

function sealed(name: "fragment" | "manifest" | "root", body: Json, signers: readonly Signer[]): Uint8Array {
  return sealEnvelope(payloadType(name), body, signers);
}

function verdict(bytes: Uint8Array, how = trust): string | undefined {
  return reasonOf(verifyPolicy(bytes, how));
}

describe("a bundle", () => {
  it("verifies as its author's, with every field", () => {
    const [manifest, fragment] = bundle.all;
    expect(fragment?.type === "fragment" && fragment.fragment).toMatchObject({
      author: alice.author,
      stream: "home",
      epoch: 1,
      generation: 1,
      name: "motd",
      promises: { "file:/etc/motd": { content: "hello\n" } },
    });
    expect(manifest?.type === "manifest" && manifest.manifest.fragments).toEqual([fragment?.id]);
    expect(fragment?.id).toMatch(/^frag_/);
  });

  it("names each document by what is signed", () => {
    const again = bundleOf(alice, 1, [motd]);
    expect(again.all.map((policy) => policy.id)).toEqual(bundle.all.map((policy) => policy.id));
    const next = bundleOf(alice, 2, [motd]);
    expect(next.all.map((policy) => policy.id)).not.toEqual(bundle.all.map((policy) => policy.id));
  });

  it("seals as many fragments as a manifest may pin", () => {
    const documents = Array.from({ length: bundleFragmentsMax }, (_, index) =>
      documentOf(`d${index}`, { [`file:/f${index}`]: { content: "" } }),
    );
    const sealedBundle = sealBundle({
      author: alice.author,
      stream: home,
      epoch: 1,
      generation: 1,
      documents,
      signer: alice.signer,
      crypto,
    });
    expect(verdict(sealedBundle.manifest)).toBeUndefined();
  });
});

describe("forgeries, each with its own reason", () => {
  it("one bit changed in the canonical body", () => {
    const index = Buffer.from(fragmentBytes).indexOf("hello");
    const altered = fragmentBytes.slice();
    altered[index] = (altered[index] ?? 0) ^ 1;
    expect(verdict(altered)).toBe("badSignature");
  });

  it("a key that the author's root does not name", () => {
    expect(verdict(sealed("fragment", fragmentBody, [mallory.signer]))).toBe("unknownKey");
  });

  it("a known key's hint before a foreign signature", () => {
    const disguised: Signer = { publicKey: alice.signer.publicKey, sign: mallory.signer.sign };
    expect(verdict(sealed("fragment", fragmentBody, [disguised]))).toBe("badSignature");
  });

  it("a signature added by someone else", () => {
    expect(verdict(sealed("fragment", fragmentBody, [alice.signer, mallory.signer]))).toBe("unknownKey");
  });

  it("an author whose root is not known: no blame", () => {
    expect(verdict(fragmentBytes, trustIn(mallory.author, mallory.root))).toBe("unknownAuthor");
  });

  it("an epoch of a root that is not known: no blame", () => {
    expect(verdict(sealed("fragment", { ...fragmentBody, epoch: 2 }, [alice.signer]))).toBe("unknownAuthor");
  });

  it("a payload type that is not policy", () => {
    const vote = sealEnvelope(payloadType("vote"), { v: 1, type: "vote" }, [alice.signer]);
    expect(verdict(vote)).toBe("unknownType");
  });

  it("any byte changed anywhere", () => {
    const change = fc.integer({ min: 1, max: 255 });
    fc.assert(
      fc.property(fc.nat({ max: fragmentBytes.length - 1 }), change, (index, bits) => {
        const altered = fragmentBytes.slice();
        altered[index] = (altered[index] ?? 0) ^ bits;
        return verdict(altered) !== undefined;
      }),
      { numRuns: 1500 },
    );
  });
});

describe("shapes", () => {
  const promises = fragmentBody["promises"] as Json;
  it.each<[string, { readonly [field: string]: Json }]>([
    ["a field more", { extra: 1 }],
    ["a generation of 0", { generation: 0 }],
    ["a generation that is a text", { generation: "1" }],
    ["a name that is no name", { name: "a/b" }],
    ["a stream that is no name", { stream: "Home" }],
    ["an author that is no id", { author: "author_x" }],
    ["no promises", { promises: {} }],
    ["a promise that is a list", { promises: { "file:/a": [] } }],
    ["a resource around a scope", { promises: { "file:/etc/../root": {} } }],
    ["promises that are a list", { promises: [promises] }],
    ["an empty guard", { when: "" }],
    ["a guard that is too long", { when: "a".repeat(2000) }],
  ])("a fragment with %s is malformed", (_, change) => {
    expect(verdict(sealed("fragment", { ...fragmentBody, ...change }, [alice.signer]))).toBe("malformed");
  });

  const id = (manifestBody["fragments"] as readonly string[])[0] ?? "";
  it.each<[string, { readonly [field: string]: Json }]>([
    ["a fragment twice", { fragments: [id, id] }],
    ["fragments out of order", { fragments: [id, `frag_${"a".repeat(52)}`] }],
    ["what is no id", { fragments: ["frag_x"] }],
    ["a note that is too long", { note: "n".repeat(501) }],
    ["too many fragments", { fragments: Array.from({ length: 257 }, () => id) }],
  ])("a manifest with %s is malformed", (_, change) => {
    expect(verdict(sealed("manifest", { ...manifestBody, ...change }, [alice.signer]))).toBe("malformed");
  });
});

describe("a root", () => {
  const root = alice.root as unknown as { readonly [field: string]: Json };
  const nextKeys = [signerOf("alice, third").publicKey];
  const rotation = {
    author: alice.author,
    previous: alice.root,
    signers: [alice.signer],
    nextSigners: [alice.nextSigner],
    nextPublicKeys: nextKeys,
    crypto,
  };
  const second = verifiedRoot(verifyPolicy(rotateAuthor(rotation), trust));

  it("number 1 verifies by itself, and its digest is the author", () => {
    const verified = accepted(verifyPolicy(alice.rootBytes, { crypto, rootOf: () => undefined }));
    expect(verified.author).toBe(alice.author);
    expect(verified.id.replace("frag_", "author_")).toBe(alice.author);
    const other = createAuthor({ signer: alice.signer, nextPublicKeys: nextKeys, crypto });
    expect(other.author).not.toBe(alice.author);
  });

  it("number 1 is signed by its own key", () => {
    expect(verdict(sealed("root", root, [mallory.signer]))).toBe("unknownKey");
  });

  it.each<[string, { readonly [field: string]: Json }]>([
    ["a threshold above its keys", { threshold: 2 }],
    ["an epoch of 2", { epoch: 2 }],
    ["an author of its own", { author: alice.author }],
    ["a scope that is no glob", { scopes: ["a***"] }],
    ["scopes out of order", { scopes: ["b", "a"] }],
    ["a key that is no key", { keys: ["00"] }],
  ])("number 1 with %s is malformed", (_, change) => {
    expect(verdict(sealed("root", { ...root, ...change }, [alice.signer]))).toBe("malformed");
  });

  it("number 2 is signed by the thresholds of both", () => {
    expect(second.root).toMatchObject({ number: 2, epoch: 2, author: alice.author });
    expect(second.author).toBe(alice.author);
    expect(verdict(rotateAuthor({ ...rotation, signers: [] }))).toBe("tooFewSignatures");
    const body = second.root as unknown as Json;
    expect(verdict(sealed("root", body, [alice.signer]))).toBe("tooFewSignatures");
    expect(verdict(sealed("root", body, [alice.signer, alice.nextSigner, mallory.signer]))).toBe(
      "unknownKey",
    );
  });

  it("number 2 by a thief of the signing key alone is refused: the next keys were named in advance", () => {
    const stolen = rotateAuthor({ ...rotation, nextSigners: [mallory.signer] });
    expect(verdict(stolen)).toBe("unknownKey");
  });

  it("number 2 that continues another root 1 is an equivocation", () => {
    const body = {
      ...(second.root as unknown as { readonly [field: string]: Json }),
      previous: "00".repeat(32),
    };
    expect(verdict(sealed("root", body, [alice.signer, alice.nextSigner]))).toBe("equivocation");
  });

  it("number 2 with new keys and the old epoch, or a leap, is malformed", () => {
    for (const epoch of [1, 3]) {
      const body = { ...(second.root as unknown as { readonly [field: string]: Json }), epoch };
      expect(verdict(sealed("root", body, [alice.signer, alice.nextSigner]))).toBe("malformed");
    }
  });

  it("before its predecessor is ignored without blame, and later than its successor it is old", () => {
    const third = rotateAuthor({
      ...rotation,
      previous: second.root,
      signers: [alice.nextSigner],
      nextSigners: [signerOf("alice, third")],
    });
    expect(verdict(third)).toBe("unknownAuthor");
    expect(verdict(third, trustIn(mallory.author, mallory.root))).toBe("unknownAuthor");
    expect(verdict(third, trustIn(alice.author, second.root))).toBeUndefined();
    expect(verdict(rotateAuthor(rotation), trustIn(alice.author, second.root))).toBe("olderGeneration");
  });

  it("a second one of a number verifies where older roots are kept, so that the fork can be shown", () => {
    const fork = rotateAuthor({ ...rotation, scopes: ["file:/etc/**"] });
    const kept = {
      ...trustIn(alice.author, second.root),
      rootWithDigest: (_: unknown, digest: string): Root | undefined =>
        digest === rootDigest(crypto, alice.root) ? alice.root : undefined,
    };
    expect(reasonOf(verifyPolicy(fork, kept))).toBeUndefined();
  });

  it("revokes what was signed before, but for what it carries", () => {
    const [manifest, fragment] = bundle.all;
    const revoking = trustIn(alice.author, second.root);
    expect(bundle.bytes.map((bytes) => verdict(bytes, revoking))).toEqual([
      "olderGeneration",
      "olderGeneration",
    ]);
    const carry = [digestOf(fragment)].sort();
    const carrying = verifiedRoot(verifyPolicy(rotateAuthor({ ...rotation, carry }), trust));
    const verdicts = bundle.bytes.map((bytes) => verdict(bytes, trustIn(alice.author, carrying.root)));
    expect(verdicts).toEqual(["olderGeneration", undefined]);
    expect(manifest?.id).not.toBe(fragment?.id);
  });

  it("decides whose documents are good from then on", () => {
    const after = trustIn(alice.author, second.root);
    const by = (signer: Signer): string | undefined =>
      verdict(sealed("fragment", { ...fragmentBody, epoch: 2 }, [signer]), after);
    expect(by(alice.signer)).toBe("unknownKey");
    expect(by(alice.nextSigner)).toBeUndefined();
  });

  it("with a threshold of 2 asks for two different keys", () => {
    const pair = [signerOf("one"), signerOf("two")];
    const keys = pair.map((signer) => toHex(signer.publicKey)).sort();
    const shared: Root = { ...alice.root, keys, threshold: 2, nextKeysDigest: keysDigest(crypto, keys, 2) };
    const how = trustIn(alice.author, shared);
    const [one, two] = pair;
    if (one === undefined || two === undefined) throw new Error("Two keys are expected");
    expect(verdict(sealed("fragment", fragmentBody, [one]), how)).toBe("tooFewSignatures");
    expect(verdict(sealed("fragment", fragmentBody, [one, two]), how)).toBeUndefined();
    expect(verdict(sealed("root", shared as unknown as Json, [one]))).toBe("tooFewSignatures");
    expect(verdict(sealed("root", shared as unknown as Json, [one, two]))).toBeUndefined();
    // A key holder can make many valid signatures of one document; they count once, and are refused.
    const indulgent: Crypto = { ...crypto, verifyEd25519: () => true };
    const varied: Signer = { publicKey: one.publicKey, sign: (message) => one.sign(message.slice(1)) };
    const doubled = sealed("fragment", fragmentBody, [one, varied]);
    expect(reasonOf(verifyPolicy(doubled, { ...how, crypto: indulgent }))).toBe("notCanonical");
  });

  it("has the digest that its envelope has", () => {
    const { id } = accepted(verifyPolicy(alice.rootBytes, trust));
    expect(rootDigest(crypto, alice.root)).toBe(digestOf({ id } as VerifiedPolicy));
  });
});

function verifiedRoot(value: ReturnType<typeof verifyPolicy>): VerifiedRoot {
  const verified = accepted(value);
  if (verified.type !== "root") throw new Error("A root is expected");
  return verified;
}

function digestOf(policy: Pick<VerifiedPolicy, "id"> | undefined): string {
  return toHex(idDigest(policy?.id ?? "") ?? new Uint8Array());
}
