import { describe, expect, it } from "vitest";
import {
  type Contexts,
  type Floors,
  type Grant,
  payloadType,
  raiseFloor,
  refusalOf,
  rotateAuthor,
  sealEnvelope,
  type VerifiedPolicy,
  type VerifiedRoot,
  type View,
  type ViewInput,
  verifyPolicy,
  view,
} from "../src/index.ts";
import {
  accepted,
  authorOf,
  bundleOf,
  crypto,
  documentOf,
  grantOf,
  home,
  reasonOf,
  resourceOf,
  signerOf,
  streamOf,
  trustIn,
} from "./support.ts";

const alice = authorOf("alice");
const bob = authorOf("bob");
const contexts: Contexts = { arch: "arm64", hostname: "pi", name: "pi", os: "linux", tags: ["greenhouse"] };
const requires: ViewInput["requires"] = (kind) => {
  if (kind === "file") return [];
  return kind === "process" ? ["process"] : undefined;
};
const none: Floors = new Map();

function viewOf(
  set: readonly (readonly VerifiedPolicy[])[],
  grants: readonly Grant[],
  changes: Partial<ViewInput> = {},
): View {
  return view({ set: set.flat(), grants, contexts, floors: none, requires, ...changes });
}

/** What a view puts in force, in short: resource, content, author's generation. */
function inForce(made: View): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...made.promises].map(([id, entry]) => [id, entry.promise["content"]]));
}

/** What a view holds, in short. */
function heldIn(made: View): readonly string[] {
  return made.held.map((claim) => `${claim.resource} ${claim.reason}`);
}

function file(name: string, content: string, path = "/etc/motd", when?: string) {
  return documentOf(name, { [`file:${path}`]: { content } }, when);
}

const one = bundleOf(alice, 1, [file("motd", "one")]);
const two = bundleOf(alice, 2, [file("motd", "two")]);
const roots = [alice.rootPolicy, bob.rootPolicy];

describe("a stream", () => {
  it("is active with its highest complete generation", () => {
    const made = viewOf([roots, one.all, two.all], [grantOf(alice.author)]);
    expect(inForce(made)).toEqual({ "file:/etc/motd": "two" });
    expect(made.held).toEqual([]);
    expect(made.streams).toMatchObject([
      { author: alice.author, stream: "home", active: { version: { epoch: 1, generation: 2 } } },
    ]);
    expect(made.promises.get(resourceOf("file:/etc/motd"))).toMatchObject({
      author: alice.author,
      fragment: two.fragments[0]?.id,
      fragmentName: "motd",
      rank: 1,
      mode: "enforce",
    });
  });

  it("keeps its generation until the next is complete, and says what is missing", () => {
    const wide = bundleOf(alice, 2, [file("motd", "two"), file("issue", "x", "/etc/issue")]);
    const [manifest, first, second] = wide.all;
    if (manifest === undefined || first === undefined || second === undefined)
      throw new Error("Three documents");
    const made = viewOf([roots, one.all, [manifest, first]], [grantOf(alice.author)]);
    expect(inForce(made)).toEqual({ "file:/etc/motd": "one" });
    expect(made.streams[0]?.pending).toEqual({
      version: { epoch: 1, generation: 2 },
      manifest: manifest.id,
      missing: [second.id],
    });
    expect(heldIn(made)).toEqual([`${first.type === "fragment" ? "file:/etc/motd" : ""} incomplete`]);
    const complete = viewOf([roots, one.all, wide.all], [grantOf(alice.author)]);
    expect(inForce(complete)).toEqual({ "file:/etc/issue": "x", "file:/etc/motd": "two" });
    expect(complete.streams[0]?.pending).toBeUndefined();
  });

  it("waits for the manifest where only fragments have come", () => {
    const made = viewOf([roots, two.fragments], [grantOf(alice.author)]);
    expect(made.promises.size).toBe(0);
    expect(made.streams[0]).toMatchObject({ pending: { version: { epoch: 1, generation: 2 }, missing: [] } });
    expect(heldIn(made)).toEqual(["file:/etc/motd incomplete"]);
  });

  it("drops what its newest generation no longer promises", () => {
    const empty = bundleOf(alice, 3, []);
    const made = viewOf([roots, two.all, empty.all], [grantOf(alice.author)]);
    expect(made.promises.size).toBe(0);
    expect(made.frozen.size).toBe(0);
    expect(made.streams[0]?.active?.version.generation).toBe(3);
  });

  it("does not mix a fragment of another generation into a manifest's", () => {
    const [old] = one.fragments;
    const header = { v: 1, type: "manifest", author: alice.author, stream: "home", epoch: 1 };
    const body = { ...header, generation: 3, fragments: old === undefined ? [] : [old.id] };
    const bytes = sealEnvelope(payloadType("manifest"), body, [alice.signer]);
    const mixed = accepted(verifyPolicy(bytes, trustIn(alice.author, alice.root)));
    const made = viewOf([roots, one.all, two.all, [mixed]], [grantOf(alice.author)]);
    expect(inForce(made)).toEqual({ "file:/etc/motd": "two" });
    expect(made.streams[0]?.pending).toMatchObject({ manifest: mixed.id, missing: [old?.id] });
  });

  it("is listed by author and name, its promises and claims by resource", () => {
    const paths = ["/b", "/a", "/d", "/c"];
    const sets = [alice, bob].flatMap((by) =>
      ["z", "a"].map(
        (stream, index) =>
          bundleOf(
            by,
            1,
            paths.map((path, at) => file(`f${at}`, "x", `${path}${index}`)),
            { stream: streamOf(stream) },
          ).all,
      ),
    );
    const made = viewOf([roots, ...sets], [grantOf(alice.author), grantOf(bob.author)]);
    const names = made.streams.map((state) => `${state.author} ${state.stream}`);
    expect(names).toEqual([...names].sort());
    expect([...made.promises.keys()]).toEqual(
      ["a0", "a1", "b0", "b1", "c0", "c1", "d0", "d1"].map((name) => `file:/${name}`),
    );
    const held = viewOf([roots, ...sets], [grantOf(bob.author, { scope: [] })]).held;
    expect(held.map((claim) => claim.resource)).toEqual(held.map((claim) => claim.resource).sort());
    expect(held).toHaveLength(16);
  });

  it("lives beside the author's other streams", () => {
    const other = bundleOf(alice, 1, [file("issue", "x", "/etc/issue")], { stream: streamOf("lab") });
    expect(inForce(viewOf([roots, one.all, other.all], [grantOf(alice.author)]))).toEqual({
      "file:/etc/issue": "x",
      "file:/etc/motd": "one",
    });
  });
});

describe("floors", () => {
  it("keep an older generation from coming back, also where the newer one is lost", () => {
    const floors = raiseFloor(none, alice.author, home, { epoch: 1, generation: 2 });
    const made = viewOf([roots, one.all], [grantOf(alice.author)], { floors });
    expect(made.promises.size).toBe(0);
    expect(made.streams[0]?.active).toBeUndefined();
    const again = viewOf([roots, one.all, two.all], [grantOf(alice.author)], { floors });
    expect(inForce(again)).toEqual({ "file:/etc/motd": "two" });
  });

  it("never fall, and are written in one order", () => {
    const high = raiseFloor(none, bob.author, home, { epoch: 2, generation: 1 });
    expect(raiseFloor(high, bob.author, home, { epoch: 1, generation: 9 })).toBe(high);
    const both = raiseFloor(high, alice.author, home, { epoch: 1, generation: 1 });
    expect([...both.keys()]).toEqual([`${alice.author}/home`, `${bob.author}/home`].sort());
  });
});

describe("grants", () => {
  it("are needed: an author that the owner has not accepted is held", () => {
    const made = viewOf([roots, one.all], []);
    expect(made.promises.size).toBe(0);
    expect(heldIn(made)).toEqual(["file:/etc/motd noGrant"]);
    expect(made.streams[0]?.held).toBe("noGrant");
    expect(made.frozen.size).toBe(0);
  });

  it("reach as far as their scope, claim by claim", () => {
    const mixed = bundleOf(alice, 1, [file("in", "x", "/srv/a/b"), file("out", "y", "/etc/passwd")]);
    const made = viewOf([roots, mixed.all], [grantOf(alice.author, { scope: ["file:/srv/**"] })]);
    expect(inForce(made)).toEqual({ "file:/srv/a/b": "x" });
    expect(heldIn(made)).toEqual(["file:/etc/passwd outsideGrant"]);
  });

  it("reach no further than the author's own root", () => {
    const careful = authorOf("careful", ["file:/srv/**"]);
    const mixed = bundleOf(careful, 1, [file("in", "x", "/srv/a"), file("out", "y", "/etc/passwd")]);
    const made = viewOf([[careful.rootPolicy], mixed.all], [grantOf(careful.author)]);
    expect(inForce(made)).toEqual({ "file:/srv/a": "x" });
    expect(heldIn(made)).toEqual(["file:/etc/passwd outsideGrant"]);
  });

  it("never imply a power, not even with **", () => {
    const running = bundleOf(alice, 1, [documentOf("run", { "process:x": { command: ["/bin/x"] } })]);
    expect(heldIn(viewOf([roots, running.all], [grantOf(alice.author)]))).toEqual(["process:x missingPower"]);
    const powerful = grantOf(alice.author, { powers: ["process"] });
    expect(viewOf([roots, running.all], [powerful]).promises.size).toBe(1);
    // A power counts where its grant reaches, not beyond.
    const elsewhere = grantOf(alice.author, { powers: ["process"], scope: ["process:y"] });
    const made = viewOf([roots, running.all], [grantOf(alice.author), elsewhere]);
    expect(heldIn(made)).toEqual(["process:x missingPower"]);
  });

  it("never reach what belongs to the agent", () => {
    const own = bundleOf(alice, 1, [file("own", "x", "/var/lib/antibody/agent.key")]);
    const made = viewOf([roots, own.all], [grantOf(alice.author)], {
      protectedGlobs: ["file:/var/lib/antibody/**"],
    });
    expect(heldIn(made)).toEqual(["file:/var/lib/antibody/agent.key protected"]);
  });

  it("hold a resource type that this agent does not know", () => {
    const future = bundleOf(alice, 1, [documentOf("f", { "quantum:x": {} })]);
    expect(heldIn(viewOf([roots, future.all], [grantOf(alice.author)]))).toEqual(["quantum:x unknownType"]);
  });

  it("of several for one author the highest rank that fits counts", () => {
    const grants = [
      grantOf(alice.author, { rank: 5, mode: "observe", scope: ["file:/etc/**"] }),
      grantOf(alice.author, { rank: 9, scope: ["file:/srv/**"] }),
      grantOf(alice.author, { rank: 1 }),
    ];
    const made = viewOf([roots, one.all], grants);
    expect(made.promises.get(resourceOf("file:/etc/motd"))).toMatchObject({ rank: 5, mode: "observe" });
  });

  it("bound what an author's bundles take; what exceeds it is frozen, not undone", () => {
    const size = one.bytes.reduce((sum, bytes) => sum + bytes.length, 0);
    const fits = viewOf([roots, one.all], [grantOf(alice.author, { bytesMax: size })]);
    expect(fits.promises.size).toBe(1);
    const tight = viewOf([roots, one.all], [grantOf(alice.author, { bytesMax: size - 1 })]);
    expect(heldIn(tight)).toEqual(["file:/etc/motd quota"]);
    expect([...tight.frozen]).toEqual(["file:/etc/motd"]);
    expect(tight.streams[0]?.held).toBe("quota");
    const second = bundleOf(alice, 1, [file("issue", "x", "/etc/issue")], { stream: streamOf("later") });
    const shared = viewOf([roots, one.all, second.all], [grantOf(alice.author, { bytesMax: size + 10 })]);
    expect(inForce(shared)).toEqual({ "file:/etc/motd": "one" });
  });
});

describe("several authors", () => {
  const other = bundleOf(bob, 1, [file("motd", "bob's"), file("issue", "bob's", "/etc/issue")]);

  it("share a device: the highest rank wins a whole resource", () => {
    const made = viewOf(
      [roots, one.all, other.all],
      [grantOf(alice.author, { rank: 2 }), grantOf(bob.author)],
    );
    expect(inForce(made)).toEqual({ "file:/etc/issue": "bob's", "file:/etc/motd": "one" });
    expect(heldIn(made)).toEqual(["file:/etc/motd outranked"]);
    expect(made.frozen.size).toBe(0);
  });

  it("of equal rank with different values are in conflict: held, shown, and not undone", () => {
    const made = viewOf([roots, one.all, other.all], [grantOf(alice.author), grantOf(bob.author)]);
    expect(inForce(made)).toEqual({ "file:/etc/issue": "bob's" });
    expect(heldIn(made)).toEqual(["file:/etc/motd conflict", "file:/etc/motd conflict"]);
    expect([...made.frozen]).toEqual(["file:/etc/motd"]);
  });

  it("of equal rank with equal values agree; the strongest mode counts", () => {
    const same = bundleOf(bob, 7, [file("anything", "one")]);
    const grants = [grantOf(alice.author, { mode: "observe" }), grantOf(bob.author, { mode: "warn" })];
    const made = viewOf([roots, one.all, same.all], grants);
    expect(made.promises.get(resourceOf("file:/etc/motd"))).toMatchObject({
      author: bob.author,
      mode: "warn",
    });
    expect(made.held).toEqual([]);
  });

  it("a claim that is not granted takes no part in the ranking", () => {
    const grants = [grantOf(alice.author), grantOf(bob.author, { rank: 9, scope: ["file:/srv/**"] })];
    expect(inForce(viewOf([roots, one.all, other.all], grants))).toEqual({ "file:/etc/motd": "one" });
  });
});

describe("guards", () => {
  it("let a fragment sleep where they are false", () => {
    const guarded = bundleOf(alice, 1, [
      file("here", "x", "/a", 'tags.exists("greenhouse")'),
      file("there", "y", "/b", 'tags.exists("cellar")'),
    ]);
    const made = viewOf([roots, guarded.all], [grantOf(alice.author)]);
    expect(inForce(made)).toEqual({ "file:/a": "x" });
    expect(made.held).toEqual([]);
    expect(made.dormant).toMatchObject([{ fragmentName: "there", when: 'tags.exists("cellar")' }]);
  });

  it("that cannot be evaluated hold the fragment, whoever let it through", () => {
    const guarded = bundleOf(alice, 1, [
      file("lacks", "x", "/a", "gpu"),
      file("hostile", "x", "/b", 'arch.matches("(a+)+$")'),
    ]);
    const made = viewOf([roots, guarded.all], [grantOf(alice.author)]);
    expect(heldIn(made)).toEqual(["file:/a guardFailed", "file:/b guardFailed"]);
  });
});

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
    const carry = one.all.map((policy) => digestHex(policy)).sort();
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

function digestHex(policy: VerifiedPolicy): string {
  const bits = [...policy.id.slice("frag_".length)].map((character) =>
    "abcdefghijklmnopqrstuvwxyz234567".indexOf(character),
  );
  const number = bits.reduce((sum, value) => sum * 32n + BigInt(value), 0n) >> 4n;
  return number.toString(16).padStart(64, "0");
}
