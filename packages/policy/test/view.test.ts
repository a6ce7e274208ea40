import { describe, expect, it } from "vitest";
import { payloadType, raiseFloor, sealEnvelope, verifyPolicy } from "../src/index.ts";
import {
  accepted,
  authorOf,
  bundleOf,
  documentOf,
  grantOf,
  home,
  resourceOf,
  streamOf,
  trustIn,
} from "./support.ts";

import { alice, bob, file, heldIn, inForce, none, one, roots, two, viewOf } from "./viewSupport.ts";

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
