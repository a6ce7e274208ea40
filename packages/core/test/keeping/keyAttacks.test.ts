import { envelopeDigest, isRejection, openEnvelope, rotateAuthor, toHex } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { Device, grantAll, settle } from "./device.ts";
import { hearAll, motd, streamOf, trusting } from "./hearing.ts";
import { Pen } from "./pen.ts";
import { quickCrypto } from "./quickKeys.ts";

describe("keys", () => {
  it("stolen key racing a rotation: whatever comes first, the rotation wins", () => {
    const pen = new Pen("alice");
    const thief = pen.key(1);
    const good = pen.motd(1, "good");
    const loot = [pen.motd(2, "evil", { signer: thief }), pen.motd(3, "worse", { signer: thief })].flat();
    const carried = good.map((bytes) => digestIn(bytes));
    const rotation = pen.rotate({ carry: carried.toSorted() });
    const orders = [
      [...loot, rotation, ...good],
      [rotation, ...loot, ...good],
      [...good, ...loot.slice(0, 2), rotation, ...loot.slice(2)],
    ];
    for (const order of orders) {
      const device = trusting(pen, pen.roots[0] as Uint8Array, ...order);
      expect(motd(device)).not.toBe("evil");
      expect(motd(device)).not.toBe("worse");
      hearAll(device, pen.motd(1, "better"));
      expect(motd(device)).toBe("better");
    }
  });

  it("self-revocation of a stolen key: the thief has no next key, and what it signed is gone", () => {
    const pen = new Pen("alice");
    const device = trusting(pen, ...pen.roots, ...pen.motd(1, "good"), ...pen.motd(2, "evil"));
    const first = pen.root;
    device.hear(pen.rotate());
    expect(device.policies.current.promises.size).toBe(0);
    // Neither a bundle nor a root of the old key alone gets in any more.
    expect(pen.motd(3, "evil", { epoch: 1, signer: pen.key(1) }).map((bytes) => device.hear(bytes))).toEqual([
      "olderGeneration",
      "olderGeneration",
    ]);
    const thiefs = new Pen("mallory").key(1);
    const usurpation = {
      ...{ author: pen.author, previous: first, signers: [pen.key(1)], nextSigners: [thiefs] },
      ...{ nextPublicKeys: [thiefs.publicKey], crypto: quickCrypto },
    };
    expect(device.hear(rotateAuthor(usurpation))).toBe("unknownKey");
    expect(trusting(pen, pen.roots[0] as Uint8Array).hear(rotateAuthor(usurpation))).toBe("unknownKey");
  });

  it("revocation before its target: what comes after it is refused, as if it had come before", () => {
    const pen = new Pen("alice");
    const target = pen.motd(1, "revoked");
    const revocation = pen.rotate();
    const device = trusting(pen, pen.roots[0] as Uint8Array, revocation);
    expect(target.map((bytes) => device.hear(bytes))).toEqual(["olderGeneration", "olderGeneration"]);
    expect(motd(device)).toBeUndefined();
  });

  it("fragment before its root: ignored without blame, and fetched when the root is there", () => {
    const pen = new Pen("alice");
    const [manifest, fragment] = pen.motd(1, "good");
    const device = trusting(pen);
    expect(device.hear(fragment as Uint8Array)).toBe("unknownAuthor");
    const peer = trusting(pen, ...pen.roots, manifest as Uint8Array, fragment as Uint8Array);
    settle([device, peer]);
    expect(motd(device)).toBe("good");
  });

  it("rotation missed for weeks: the chain of roots is fetched and followed, one by one", () => {
    const pen = new Pen("alice");
    const away = trusting(pen, ...pen.roots, ...pen.motd(1, "old"));
    const there = trusting(pen, ...pen.roots, ...pen.motd(1, "old"));
    for (let week = 2; week <= 9; week += 1) {
      there.hear(pen.rotate());
      hearAll(there, pen.motd(1, `week ${week}`));
    }
    // By gossip alone the newest root says nothing to it.
    expect(away.hear(pen.roots.at(-1) as Uint8Array)).toBe("unknownAuthor");
    // One exchange brings all roots, in the order in which they continue each other.
    away.exchange(there);
    expect(away.policies.rootOf(pen.author)?.number).toBe(9);
    settle([away, there]);
    expect(motd(away)).toBe("week 9");
  });

  it("two roots N+1: the author is held on every device until its owner follows one of them", () => {
    const pen = new Pen("alice");
    const first = pen.root;
    const own = pen.rotate();
    const fork = pen.rotate({ from: first, scopes: ["file:/etc/**"] });
    const [one, other] = [
      trusting(pen, ...pen.roots, fork),
      trusting(pen, pen.roots[0] as Uint8Array, fork, own),
    ];
    const bundle = pen.motd(1, "which?");
    for (const device of [one, other]) {
      hearAll(device, bundle);
      expect(device.policies.current.promises.size).toBe(0);
      expect(device.policies.inspect().authors[0]?.isForked).toBe(true);
      expect([...device.policies.current.frozen]).toEqual(["file:/etc/motd"]);
    }
    // A longer branch does not win: whoever has the keys of N and N+1 could grow one of its own.
    const longer = pen.rotate();
    one.hear(longer);
    expect(one.policies.inspect().authors[0]?.isForked).toBe(true);
    one.grant({ ...grantAll(pen.author, 1), root: digestIn(own) });
    expect(one.policies.inspect().authors[0]?.isForked).toBe(false);
    hearAll(one, pen.motd(1, "chosen"));
    expect(motd(one)).toBe("chosen");
  });

  it("mutual revocation: two holders of the next key end each other, and neither wins", () => {
    const pen = new Pen("alice");
    const first = pen.root;
    const [mine, yours] = [
      pen.rotate({ from: first, scopes: ["file:/etc/**"] }),
      pen.rotate({ from: first, scopes: ["file:/srv/**"] }),
    ];
    const orders = [
      [mine, yours],
      [yours, mine],
    ];
    for (const order of orders) {
      const device = trusting(pen, pen.roots[0] as Uint8Array, ...pen.motd(1, "before"), ...order);
      expect(device.policies.inspect().authors[0]?.isForked).toBe(true);
      expect(device.policies.current.promises.size).toBe(0);
    }
  });

  it("equivocation: held by who has gone on as well, shown to peers, and cleared by an epoch alone", () => {
    const pen = new Pen("alice");
    const [one, two, evil] = [pen.motd(1, "one"), pen.motd(2, "two"), pen.motd(1, "evil")];
    const gone = trusting(pen, ...pen.roots, ...one, ...two);
    expect(motd(gone)).toBe("two");
    gone.restart();
    hearAll(gone, evil);
    expect(streamOf(gone)?.held).toBe("equivocation");
    expect([...gone.policies.current.frozen]).toEqual(["file:/etc/motd"]);
    expect(gone.told()).toContain("policy.disputed");
    const passedOn = gone.outputs.flatMap((output) =>
      output.type === "publishPolicy" ? [output.bytes] : [],
    );
    expect(new Set(passedOn)).toEqual(new Set([one[0], evil[0]]));
    // Whoever never heard of generation 1 learns of both bodies.
    const later = trusting(pen, ...pen.roots, ...two);
    settle([later, gone]);
    expect(streamOf(later)?.held).toBe("equivocation");
    hearAll(gone, pen.motd(3, "three"));
    expect(motd(gone)).toBeUndefined();
    gone.restart();
    expect(streamOf(gone)?.held).toBe("equivocation");
    hearAll(gone, [pen.rotate(), ...pen.motd(1, "good")]);
    expect(motd(gone)).toBe("good");
  });

  it("owner changes ranks during a rollout: what is in force follows at once, and the rollout goes on", () => {
    const [pen, other] = [new Pen("alice"), new Pen("bob")];
    const device = new Device([grantAll(pen.author, 2), grantAll(other.author, 1)]);
    hearAll(device, [...pen.roots, ...other.roots, ...pen.motd(1, "alice 1"), ...other.motd(1, "bob 1")]);
    const [manifest, fragment] = pen.motd(2, "alice 2");
    device.hear(manifest as Uint8Array);
    device.grant(grantAll(other.author, 3));
    expect(motd(device)).toBe("bob 1");
    device.hear(fragment as Uint8Array);
    expect(motd(device)).toBe("bob 1");
    device.grant(grantAll(other.author, 1));
    expect(motd(device)).toBe("alice 2");
  });
});

/** The digest that names a document, in hexadecimal, as roots carry it. */
function digestIn(bytes: Uint8Array): string {
  const opened = openEnvelope(bytes);
  if (isRejection(opened)) throw new Error("an envelope is expected");
  return toHex(envelopeDigest(quickCrypto, opened.envelope));
}
