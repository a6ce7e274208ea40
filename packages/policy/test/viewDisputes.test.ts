import { describe, expect, it } from "vitest";
import {
  type Floors,
  idDigest,
  raiseFloor,
  refusalOf,
  rotateAuthor,
  toHex,
  type VerifiedPolicy,
  type VerifiedRoot,
  verifyPolicy,
} from "../src/index.ts";
import {
  accepted,
  bundleOf,
  crypto,
  documentOf,
  grantOf,
  home,
  reasonOf,
  signerOf,
  streamOf,
  trustIn,
} from "./support.ts";

import { alice, bob, file, heldIn, inForce, none, one, requires, roots, two, viewOf } from "./viewSupport.ts";

describe("equivocation", () => {
  const fork = bundleOf(alice, 2, [file("motd", "forked")]);

  it("freezes all that the stream claims: nothing enforced, nothing undone, nobody below takes over", () => {
    const below = bundleOf(bob, 1, [file("motd", "bob's"), file("issue", "bob's", "/etc/issue")]);
    const grants = [grantOf(alice.author, { rank: 2 }), grantOf(bob.author)];
    const made = viewOf([roots, one.all, two.all, fork.all, below.all], grants);
    expect(inForce(made)).toEqual({ "file:/etc/issue": "bob's" });
    expect([...made.frozen]).toEqual(["file:/etc/motd"]);
    expect(made.streams.find((state) => state.author === alice.author)).toMatchObject({
      held: "equivocation",
      proof: [two.manifest.id, fork.manifest.id].sort(),
    });
    expect(new Set(heldIn(made))).toEqual(
      new Set(["file:/etc/motd equivocation", "file:/etc/motd outranked"]),
    );
  });

  it("is seen in two fragments of one name, before any manifest, and in two manifests alone", () => {
    for (const set of [
      [two.fragments, fork.fragments],
      [[two.manifest], [fork.manifest]],
    ]) {
      const made = viewOf([roots, one.all, ...set], [grantOf(alice.author)]);
      expect(made.streams[0]?.held).toBe("equivocation");
      expect([...made.frozen]).toEqual(["file:/etc/motd"]);
    }
  });

  it("does not freeze what an active generation had already dropped", () => {
    const dropped = bundleOf(alice, 1, [file("issue", "x", "/etc/issue")]);
    const floors = raiseFloor(none, alice.author, home, { epoch: 1, generation: 2 });
    const made = viewOf([roots, dropped.all, two.all, fork.all], [grantOf(alice.author)], { floors });
    expect([...made.frozen]).toEqual(["file:/etc/motd"]);
  });

  it("is no fault of the author's other streams, and yields to a higher rank", () => {
    const lab = bundleOf(alice, 1, [file("issue", "x", "/etc/issue")], { stream: streamOf("lab") });
    const above = bundleOf(bob, 1, [file("motd", "bob's")]);
    const grants = [grantOf(alice.author), grantOf(bob.author, { rank: 2 })];
    const made = viewOf([roots, two.all, fork.all, lab.all, above.all], grants);
    expect(inForce(made)).toEqual({ "file:/etc/issue": "x", "file:/etc/motd": "bob's" });
    expect(made.frozen.size).toBe(0);
  });

  it("is cleared by a new epoch, and by nothing else", () => {
    const newer = bundleOf(alice, 3, [file("motd", "three")]);
    const still = viewOf([roots, two.all, fork.all, newer.all], [grantOf(alice.author)]);
    expect(still.promises.size).toBe(0);
    const { second, root } = rotated();
    const fresh = bundleOf(alice, 1, [file("motd", "fresh")], { epoch: 2, signer: alice.nextSigner, root });
    const made = viewOf([roots, [second], two.all, fork.all, newer.all, fresh.all], [grantOf(alice.author)]);
    expect(inForce(made)).toEqual({ "file:/etc/motd": "fresh" });
    expect(made.frozen.size).toBe(0);
  });

  it("in roots holds the author altogether", () => {
    const { second } = rotated();
    const { second: forked } = rotated({ scopes: ["file:/**"] });
    const made = viewOf([roots, [second, forked], one.all], [grantOf(alice.author)]);
    expect(made.promises.size).toBe(0);
    expect(made.streams[0]).toMatchObject({ held: "equivocation", proof: [second.id, forked.id].sort() });
    expect([...made.frozen]).toEqual(["file:/etc/motd"]);
  });
});

describe("roots", () => {
  it("are needed: without one, documents are held", () => {
    const made = viewOf([one.all], [grantOf(alice.author)]);
    expect(heldIn(made)).toEqual(["file:/etc/motd unknownAuthor"]);
    expect(made.streams[0]?.held).toBe("unknownAuthor");
  });

  it("revoke older epochs in whatever order they come, but for what they carry", () => {
    const { second } = rotated();
    expect(viewOf([roots, one.all, [second]], [grantOf(alice.author)]).promises.size).toBe(0);
    const carry = one.all.map((policy) => toHex(idDigest(policy.id) ?? new Uint8Array())).sort();
    const { second: carrying } = rotated({ carry });
    const made = viewOf([[carrying], one.all, two.all, roots], [grantOf(alice.author)]);
    expect(inForce(made)).toEqual({ "file:/etc/motd": "one" });
  });
});

describe("a refusal", () => {
  const rules = { grants: [grantOf(alice.author, { scope: ["file:/etc/**"] })], requires };
  const refused = (policy: VerifiedPolicy | undefined, floors: Floors = none): string | undefined =>
    policy === undefined ? "absent" : reasonOf(refusalOf(policy, rules, floors));

  it("tells at arrival what the view will hold", () => {
    const floors = raiseFloor(none, alice.author, home, { epoch: 1, generation: 2 });
    expect(refused(one.fragments[0])).toBeUndefined();
    expect(refused(one.manifest)).toBeUndefined();
    expect(refused(one.fragments[0], floors)).toBe("olderGeneration");
    expect(refused(one.manifest, floors)).toBe("olderGeneration");
    expect(refused(two.manifest, floors)).toBeUndefined();
    expect(refused(bundleOf(alice, 1, [file("out", "x", "/srv/x")]).fragments[0])).toBe("outsideGrant");
    const running = documentOf("run", { "process:x": {} });
    expect(refused(bundleOf(alice, 1, [running]).fragments[0])).toBe("outsideGrant");
    expect(refused(bundleOf(bob, 1, [file("motd", "x")]).fragments[0])).toBe("noGrant");
    expect(refused(alice.rootPolicy)).toBeUndefined();
  });
});

function rotated(changes: { readonly scopes?: readonly string[]; readonly carry?: readonly string[] } = {}): {
  readonly second: VerifiedRoot;
  readonly root: VerifiedRoot["root"];
} {
  const bytes = rotateAuthor({
    author: alice.author,
    previous: alice.root,
    signers: [alice.signer],
    nextSigners: [alice.nextSigner],
    nextPublicKeys: [signerOf("alice, third").publicKey],
    crypto,
    ...changes,
  });
  const second = accepted(verifyPolicy(bytes, trustIn(alice.author, alice.root)));
  if (second.type !== "root") throw new Error("A root is expected");
  return { second, root: second.root };
}
