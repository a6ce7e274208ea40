import {
  createAuthor,
  isRejection,
  type Root,
  rotateAuthor,
  type Signer,
  verifyPolicy,
} from "@antibody/policy";
import { expect, test } from "vitest";
import { Verifier } from "../../src/network/verifier.ts";
import { generateKey } from "../../src/state/keyFile.ts";
import { crypto, FakeKnowledge, found, sound } from "./swarm.ts";

/** An author's first root, and two that both continue it. */
function rivals(): { readonly first: Root; readonly second: readonly [Uint8Array, Uint8Array] } {
  const [signer, next, later]: Signer[] = [generateKey(), generateKey(), generateKey()];
  if (signer === undefined || next === undefined || later === undefined) throw new Error("three keys");
  const { author, bytes } = createAuthor({ signer, nextPublicKeys: [next.publicKey], crypto });
  const opened = sound(verifyPolicy(bytes, { crypto, rootOf: () => undefined }));
  if (opened.type !== "root") throw new Error("an author is a root");
  const rotate = (scopes: readonly string[]) =>
    rotateAuthor({
      author,
      previous: opened.root,
      signers: [signer],
      nextSigners: [next],
      nextPublicKeys: [later.publicKey],
      scopes,
      crypto,
    });
  return { first: opened.root, second: [rotate([]), rotate(["file:/etc/**"])] };
}

test("two roots of one number both verify, so that the proof reaches who holds either", () => {
  const { first, second } = rivals();
  const knowledge = new FakeKnowledge();
  const verifier = new Verifier({ crypto, charter: found().charter, knowledge });
  const [one, other] = second.map((bytes) => {
    const root = sound(verifyPolicy(bytes, { crypto, rootOf: () => first }));
    if (root.type !== "root") throw new Error("a rotation makes a root");
    return root;
  });
  if (one === undefined || other === undefined) throw new Error("two rivals");
  knowledge.roots.set(one.author, one.root);
  knowledge.olderRoots.set(`${one.author} 1`, first);
  const verdict = verifier.policy(other.bytes);
  expect(isRejection(verdict) ? verdict.detail : verdict.id).toBe(other.id);
});
