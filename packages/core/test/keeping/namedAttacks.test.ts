import { envelopeDigest, type Grant, isRejection, openEnvelope, rotateAuthor, toHex } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { Device, grantAll, quickCrypto, settle, wallMs } from "./histories.ts";
import { Pen } from "./pen.ts";

/** A device that accepts an author and has heard some of it. */
function trusting(pen: Pen, ...heard: readonly Uint8Array[]): Device {
  const device = new Device([grantAll(pen.author, 1)]);
  for (const bytes of heard) device.hear(bytes);
  return device;
}

function hearAll(device: Device, documents: readonly Uint8Array[]): void {
  for (const bytes of documents) device.hear(bytes);
}

/** What the device promises for the file of these tests. */
function motd(device: Device): unknown {
  const [first] = [...device.policies.current.promises.values()];
  return first?.promise["content"];
}

function heldReasons(device: Device): readonly string[] {
  return device.policies.current.held.map(({ resource, reason }) => `${resource} ${reason}`);
}

function streamOf(device: Device) {
  return device.policies.current.streams[0];
}

describe("who may say what", () => {
  it("arbitrary policy: what no accepted author has signed changes nothing", () => {
    const [pen, stranger] = [new Pen("alice"), new Pen("mallory")];
    const device = trusting(pen, ...pen.roots, ...pen.motd(1, "good"), ...stranger.roots);
    hearAll(device, stranger.motd(9, "evil"));
    // Signed by a stranger's key in the author's name.
    const forged = pen.motd(2, "evil", { signer: stranger.key(1) });
    expect(forged.map((bytes) => device.hear(bytes))).toEqual(["unknownKey", "unknownKey"]);
    expect(heldReasons(device)).toEqual(["file:/etc/motd noGrant"]);
    expect(motd(device)).toBe("good");
  });

  it("out-of-scope resource: a claim beyond the grant is held, the others are in force", () => {
    const pen = new Pen("alice");
    const device = new Device([{ ...grantAll(pen.author, 1), scope: ["file:/etc/**"] }]);
    hearAll(device, [
      ...pen.roots,
      ...pen.bundle(1, { "file:/etc/motd": { content: "good" }, "file:/root/.profile": { content: "evil" } }),
    ]);
    expect(motd(device)).toBe("good");
    expect(heldReasons(device)).toEqual(["file:/root/.profile outsideGrant"]);
  });

  it("dependency outside scope: what a promise waits for gives no say over it", () => {
    const pen = new Pen("alice");
    const device = new Device([{ ...grantAll(pen.author, 1), scope: ["file:/etc/**"] }]);
    const after = ["process:database"];
    hearAll(device, [...pen.roots, ...pen.bundle(1, { "file:/etc/motd": { content: "good", after } })]);
    expect([...device.policies.current.promises.keys()]).toEqual(["file:/etc/motd"]);
    expect(device.policies.current.frozen.size).toBe(0);
  });

  it("a glob that reaches the agent's own files: no grant does, whatever it says", () => {
    const pen = new Pen("alice");
    const own = [
      "*:/var/lib/antibody",
      "*:/var/lib/antibody/**",
      "*:/usr/bin/antibody",
      "*:/run/antibody/**",
    ];
    const device = new Device([{ ...grantAll(pen.author, 9), scope: ["**"] }], { protectedResources: own });
    const evil = [
      "file:/var/lib/antibody/agent.key",
      "file:/var/lib/antibody/journal.db",
      "file:/usr/bin/antibody",
      "file:/run/antibody/control.sock",
      "directory:/var/lib/antibody",
    ];
    const promises = Object.fromEntries(evil.map((id) => [id, { content: "evil" }]));
    hearAll(device, [...pen.roots, ...pen.bundle(1, promises)]);
    expect(device.policies.current.promises.size).toBe(0);
    expect(new Set(heldReasons(device))).toEqual(new Set(evil.map((id) => `${id} protected`)));
  });

  it("a promise that runs something without the power, and a capability that exposes a port not granted", () => {
    const pen = new Pen("alice");
    const device = new Device([{ ...grantAll(pen.author, 9), scope: ["**"] }]);
    const promises = {
      "process:miner": { command: ["/tmp/miner"] },
      "command:once": { command: ["/bin/rm", "-rf", "/"] },
      "capability:door": { port: 22 },
    };
    hearAll(device, [...pen.roots, ...pen.bundle(1, promises)]);
    expect(device.policies.current.promises.size).toBe(0);
    expect(heldReasons(device)).toEqual([
      "capability:door missingPower",
      "command:once missingPower",
      "process:miner missingPower",
    ]);
    device.grant({ ...grantAll(pen.author, 9), powers: ["process"] });
    expect([...device.policies.current.promises.keys()]).toEqual(["process:miner"]);
  });

  it("unknown resource type: stored, relayed and held, never enforced", () => {
    const pen = new Pen("alice");
    const documents = pen.bundle(1, { "quantum:flux": { level: 9 } });
    const device = trusting(pen, ...pen.roots, ...documents);
    expect(device.policies.current.promises.size).toBe(0);
    expect(heldReasons(device)).toEqual(["quantum:flux unknownType"]);
    const other = trusting(pen);
    settle([other, device]);
    expect(other.policies.heads().ids).toEqual(device.policies.heads().ids);
  });

  it("endless data: an author keeps what its quota allows, and its neighbor keeps its room", () => {
    const [pen, other] = [new Pen("alice"), new Pen("bob")];
    const small: Grant = { ...grantAll(pen.author, 1), bytesMax: 4_000 };
    const device = new Device([small, grantAll(other.author, 2)]);
    hearAll(device, pen.roots);
    for (let generation = 1; generation <= 50; generation += 1) {
      const promises = { [`file:/etc/f-${generation}`]: { content: "x".repeat(3_000) } };
      // No manifest: it never becomes a generation that would make the others useless.
      hearAll(device, pen.bundle(generation, promises).slice(1));
    }
    expect(device.policies.heads().ids.length).toBeLessThan(5);
    hearAll(device, [...other.roots, ...other.motd(1, "good")]);
    expect(motd(device)).toBe("good");
  });
});

describe("what is old", () => {
  it("fast-forward: a generation of 2^53-1 blocks its epoch, and the next epoch goes on", () => {
    const pen = new Pen("alice");
    const device = trusting(pen, ...pen.roots, ...pen.motd(Number.MAX_SAFE_INTEGER, "evil"));
    hearAll(device, pen.motd(2, "blocked"));
    expect(motd(device)).toBe("evil");
    device.hear(pen.rotate());
    expect(motd(device)).toBeUndefined();
    hearAll(device, pen.motd(1, "good"));
    expect(motd(device)).toBe("good");
  });

  it("rollback and replay across a power cut: what was in force once never comes back", () => {
    const pen = new Pen("alice");
    const [one, two] = [pen.motd(1, "one"), pen.motd(2, "two")];
    const device = trusting(pen, ...pen.roots, ...one, ...two);
    const held = device.policies.heads().ids;
    for (let cut = 0; cut < 3; cut += 1) {
      device.restart();
      hearAll(device, [...pen.roots, ...one]);
      expect(motd(device)).toBe("two");
      expect(device.policies.heads().ids).toEqual(held);
    }
    // The card has lost the documents, and the floor is left: rather nothing than what was replaced.
    const rootId = device.policies.take(held)[0]?.id ?? "";
    const damaged = new Device([]);
    for (const bytes of [...pen.roots, ...one, ...two]) damaged.hear(bytes);
    damaged.grant(grantAll(pen.author, 1));
    damaged.restart((key) => key.startsWith("policy/") && !key.endsWith(rootId));
    hearAll(damaged, one);
    expect(motd(damaged)).toBeUndefined();
    hearAll(damaged, two);
    expect(motd(damaged)).toBe("two");
    device.hear(pen.rotate());
    device.restart();
    hearAll(device, [...one, ...two]);
    expect(motd(device)).toBeUndefined();
  });

  it("partial bundle, and mix and match: a generation is whole or not at all, and of one generation", () => {
    const pen = new Pen("alice");
    const both = (content: string) => ({ "file:/etc/a": { content }, "file:/etc/b": { content } });
    const device = trusting(pen, ...pen.roots, ...pen.bundle(1, both("one")));
    const [manifest, fragment] = pen.bundle(2, both("two"));
    device.hear(manifest as Uint8Array);
    // A fragment of yet another generation does not complete it.
    hearAll(device, pen.bundle(3, both("three")).slice(1));
    const contents = () =>
      [...device.policies.current.promises.values()].map(({ promise }) => promise["content"]);
    expect(contents()).toEqual(["one", "one"]);
    device.hear(fragment as Uint8Array);
    expect(contents()).toEqual(["two", "two"]);
  });

  it("freeze: an eclipsed device says stale, takes up nothing new, and undoes nothing", () => {
    const pen = new Pen("alice");
    const hourMs = 3_600_000;
    const device = trusting(pen, ...pen.roots, ...pen.motd(1, "one"), pen.beat(wallMs, wallMs + hourMs, 1));
    expect(streamOf(device)?.stale).toBeUndefined();
    expect(device.policies.deadline).toBe(device.now.monoMs + hourMs);
    device.wait(hourMs);
    expect(streamOf(device)?.stale).toEqual({ reason: "expired", freshUntilMs: wallMs + hourMs });
    expect(device.told()).toContain("policy.stale expired");
    expect(motd(device)).toBe("one");
    // What the jailer lets through now may be chosen to harm: generation 2 was found bad, and 3 is kept back.
    hearAll(device, pen.motd(2, "two"));
    expect(motd(device)).toBe("one");
    expect(streamOf(device)?.pending?.stage).toBe("stale");
    device.hear(pen.beat(wallMs + hourMs, wallMs + 2 * hourMs, 3));
    expect(motd(device)).toBe("two");
    expect(streamOf(device)?.stale).toEqual({ reason: "behind", generation: 3 });
  });

  it("a replayed sign of life does not make stale things fresh", () => {
    const pen = new Pen("alice");
    const [older, newer] = [pen.beat(wallMs - 2_000, wallMs + 9e9), pen.beat(wallMs - 1_000, wallMs + 1_000)];
    const device = trusting(pen, ...pen.roots, ...pen.motd(1, "one"), newer);
    device.hear(older);
    device.wait(1_000);
    expect(streamOf(device)?.stale?.reason).toBe("expired");
  });

  it("clock at 1970 and at 9999: neither undoes anything, and the author's own time counts", () => {
    const pen = new Pen("alice");
    const fresh = pen.beat(wallMs, wallMs + 1_000);
    for (const wrongMs of [0, 253_402_300_799_000]) {
      const device = trusting(pen, ...pen.roots, ...pen.motd(1, "one"), fresh);
      device.now = { ...device.now, wallMs: wrongMs };
      hearAll(device, pen.motd(2, "two"));
      // The device's own clock counts for nothing; by the heartbeat's time it is fresh.
      expect(motd(device)).toBe("two");
      expect(streamOf(device)?.stale).toBeUndefined();
    }
    const late = trusting(pen, ...pen.roots, ...pen.motd(1, "one"), pen.beat(wallMs, wallMs - 1));
    late.now = { ...late.now, wallMs: 0 };
    hearAll(late, pen.motd(2, "two"));
    // A device without a clock knows at least the time that the author itself has signed.
    expect(motd(late)).toBe("one");
  });

  it("lying mirrors: of ten peers nine keep the news back, one is enough", () => {
    const pen = new Pen("alice");
    const [old, news] = [[...pen.roots, ...pen.motd(1, "old")], pen.motd(2, "new")];
    const liars = Array.from({ length: 9 }, () => trusting(pen, ...old));
    const honest = trusting(pen, ...old, ...news);
    const device = trusting(pen, ...old);
    for (const liar of liars) {
      // It offers what it does not have, and sends bytes that nobody signed.
      const heads = liar.policies.heads();
      const invented = news.map((bytes) => bytes.with(40, 1));
      expect(device.policies.wantedFrom(heads)).toEqual([]);
      hearAll(device, invented);
      device.exchange(liar);
    }
    expect(motd(device)).toBe("old");
    device.exchange(honest);
    expect(motd(device)).toBe("new");
    for (const liar of liars) device.exchange(liar);
    expect(motd(device)).toBe("new");
  });
});

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
