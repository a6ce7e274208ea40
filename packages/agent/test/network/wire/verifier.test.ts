import { sealVote } from "@antibody/core";
import {
  compareText,
  createAuthor,
  isRejection,
  type Root,
  rootDigest,
  rotateAuthor,
  type Signer,
  verifyPolicy,
} from "@antibody/policy";
import { expect, test } from "vitest";
import { Verifier } from "../../../src/network/wire/verifier.ts";
import { generateKey } from "../../../src/state/keyFile.ts";
import { crypto, enroll, FakeKnowledge, found, memberOf, sound } from "../swarm.ts";

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
  knowledge.olderRoots.set(`${one.author} ${rootDigest(crypto, first)}`, first);
  const verdict = verifier.policy(other.bytes);
  expect(isRejection(verdict) ? verdict.detail : verdict.id).toBe(other.id);
});

test("a death that a peer tells stands on the votes of those who still belong, and a rumor of it on all", () => {
  const founded = found();
  const [subject, ...voters] = ["subject", "one", "other", "out"].map((name) => enroll(founded, name));
  if (subject === undefined) throw new Error("a subject");
  const sorted = voters.sort((left, right) => compareText(left.certificate.agent, right.certificate.agent));
  const known = sorted.slice(1);
  const knowledge = new FakeKnowledge();
  for (const member of [subject, ...known]) knowledge.add(memberOf(member, []));
  const votes = sorted.map(({ certificate, key, charter }) => {
    const { agent } = subject.certificate;
    const vote = {
      v: 1,
      type: "vote",
      swarm: charter.swarm,
      subject: agent,
      incarnation: [1, 1, 1],
    } as const;
    return sealVote({ ...vote, observer: certificate.agent, evidence: "refused", sequence: [1, 1] }, key);
  });
  const verifier = new Verifier({ crypto, charter: founded.charter, knowledge });
  const death = { subject: subject.certificate.agent, incarnation: [1, 1, 1] as const, votes };
  const told = verifier.message({ type: "items", members: [], deaths: [death], policy: [] });
  expect(told).toMatchObject({ message: { deaths: [{ votes: { length: known.length } }] }, refused: [] });
  const rumor = verifier.rumor({ type: "deaths", nonce: new Uint8Array(8), deaths: [death] });
  expect(rumor).toMatchObject({ reason: "unknownAuthor" });
  const strange = { ...death, votes: votes.slice(0, 1) };
  expect(verifier.message({ type: "items", members: [], deaths: [strange], policy: [] })).toMatchObject({
    message: { deaths: [] },
    refused: [{ rejection: { reason: "unknownAuthor" } }],
  });
});
