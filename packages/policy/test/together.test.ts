import { describe, expect, it } from "vitest";
import {
  createAuthor,
  parseStreamName,
  type Root,
  rotateAuthor,
  type Signer,
  type StreamName,
  sealBundle,
  signAlso,
  verifyPolicy,
} from "../src/index.ts";
import { accepted, crypto, documentOf, reasonOf, signerOf, trustIn } from "./support.ts";

const [one, two, three] = [signerOf("one"), signerOf("two"), signerOf("three")];
const next = [signerOf("next one"), signerOf("next two"), signerOf("next three")];
const nextPublicKeys = next.map(({ publicKey }) => publicKey);

/** An author of three people, two of whom sign for it. */
const created = createAuthor({
  signer: one,
  otherSigners: [two, three],
  threshold: 2,
  nextPublicKeys,
  nextThreshold: 2,
  crypto,
});
const root = rootIn(created.bytes, undefined);

function rootIn(bytes: Uint8Array, previous: Root | undefined): Root {
  const policy = accepted(verifyPolicy(bytes, { crypto, rootOf: () => previous }));
  if (policy.type !== "root") throw new Error("a root is expected");
  return policy.root;
}

function sealed(signer: Signer, otherSigners: readonly Signer[] = []): Uint8Array {
  const stream = parseStreamName("home") as StreamName;
  const header = { author: created.author, stream, epoch: 1, generation: 1, crypto };
  const documents = [documentOf("a", { "file:/etc/a": { content: "a" } })];
  return sealBundle({ ...header, documents, signer, otherSigners }).manifest;
}

describe("an author of several people", () => {
  const trust = trustIn(created.author, root);

  it("needs as many signatures as its threshold, whoever gives them", () => {
    expect(root).toMatchObject({ threshold: 2, number: 1 });
    expect(reasonOf(verifyPolicy(sealed(one), trust))).toBe("tooFewSignatures");
    expect(reasonOf(verifyPolicy(sealed(one, [three]), trust))).toBeUndefined();
  });

  it("signs one after the other, in any order, to the same bytes", () => {
    const byOne = sealed(one);
    expect(signAlso(byOne, two)).toEqual(signAlso(sealed(two), one));
    expect(reasonOf(verifyPolicy(signAlso(byOne, two), trust))).toBeUndefined();
    // The same person twice is one signature.
    expect(signAlso(byOne, one)).toEqual(byOne);
    expect(reasonOf(verifyPolicy(signAlso(byOne, signerOf("stranger")), trust))).toBe("unknownKey");
    expect(() => signAlso(new Uint8Array([1]), one)).toThrow();
  });

  it("rotates by the thresholds of both roots, with a key that signs later elsewhere", () => {
    const [first, second, third] = next as [Signer, Signer, Signer];
    const rotation = {
      author: created.author,
      previous: root,
      signers: [one, two],
      nextSigners: [first],
      absentPublicKeys: [second.publicKey, third.publicKey],
      threshold: 2,
      nextPublicKeys,
      crypto,
    };
    const half = rotateAuthor(rotation);
    expect(reasonOf(verifyPolicy(half, trust))).toBe("tooFewSignatures");
    expect(rootIn(signAlso(half, third), root)).toMatchObject({ number: 2, epoch: 2, threshold: 2 });
    const byOneOfOld = rotateAuthor({
      ...rotation,
      signers: [one],
      nextSigners: [first, second, third],
      absentPublicKeys: [],
    });
    expect(reasonOf(verifyPolicy(byOneOfOld, trust))).toBe("tooFewSignatures");
    const lower = rotateAuthor({ ...rotation, nextSigners: next, absentPublicKeys: [], threshold: 1 });
    expect(reasonOf(verifyPolicy(lower, trust))).toBe("unknownKey");
  });
});
