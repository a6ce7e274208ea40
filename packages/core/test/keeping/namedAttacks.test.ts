import type { Grant } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { rootsPerIntroducerMax } from "../../src/limits.ts";
import { Device, grantAll, settle, wallMs } from "./device.ts";
import { hearAll, heldReasons, motd, streamOf, trusting } from "./hearing.ts";
import { Pen } from "./pen.ts";

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
    // It is no claim, so that there is nothing to hold back either.
    expect(heldReasons(device)).toEqual([]);
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

it("an introducer has a quota of strangers, which neither a restart nor a move gives back", () => {
  const device = new Device([]);
  const strangers = Array.from(
    { length: rootsPerIntroducerMax + 2 },
    (_none, index) => new Pen(`stranger ${index}`),
  );
  const held = () => device.policies.heads().ids.length;
  for (const stranger of strangers.slice(0, -1)) device.hear(stranger.roots[0] as Uint8Array);
  expect(held()).toBe(rootsPerIntroducerMax);
  for (const again of [() => device.restart(), () => device.move()]) {
    again();
    device.hear(strangers.at(-1)?.roots[0] as Uint8Array);
    expect(held()).toBe(rootsPerIntroducerMax);
  }
  expect(device.told()).toContain("policy.rejected quota");
  expect(device.policies.inspect().authors[0]?.introducedBy).toMatch(/^agent_/);
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
