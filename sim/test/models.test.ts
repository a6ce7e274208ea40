import { fileModeDefault, type Input, keyedDigest, type Output, Random, resourceTypes } from "@antibody/core";
import {
  makeId,
  parseResourceId,
  type ResourceId,
  type ResourcePromise,
  utf8,
  verifySignature,
} from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Device, type DeviceNote } from "../src/device/device.ts";
import { defaultTimes } from "../src/device/times.ts";
import { digestOf, Trace } from "../src/hash/trace.ts";
import { joinedDigest, OutputTrace } from "../src/hash/traceOutput.ts";
import { enrollSwarm } from "../src/identity/enroll.ts";
import { modelCrypto, modelSigner } from "../src/identity/modelCrypto.ts";
import { Journal } from "../src/world/journal.ts";
import { RecordPool } from "../src/world/recordPool.ts";

describe("the trace", () => {
  it("gives equal values equal digests, and different values different ones", () => {
    const values = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(values, values, (left, right) => {
        const isEqual = JSON.stringify(left) === JSON.stringify(right);
        expect(digestOf(structuredClone(left)) === digestOf(left)).toBe(true);
        expect(digestOf(left) === digestOf(right)).toBe(isEqual);
      }),
    );
  });

  it.each([
    ["order", [1, 2], [2, 1]],
    ["nesting", [[1], 2], [[1, 2]]],
    ["a text and a number", "1", 1],
    ["long texts", `${"x".repeat(99)}a`, `${"x".repeat(99)}b`],
    ["bytes", Uint8Array.of(1, 2), Uint8Array.of(1, 3)],
    ["a field that is undefined and none", { a: undefined }, {}],
    ["large numbers", 2 ** 40, 2 ** 40 + 1],
    ["never and a number", Number.POSITIVE_INFINITY, 0],
    ["names of fields", { a: 1 }, { b: 1 }],
    ["what is signed", { bytes: Uint8Array.of(1) }, { bytes: Uint8Array.of(2) }],
  ])("tells apart %s", (_, left, right) => {
    expect(digestOf(left)).not.toBe(digestOf(right));
  });

  it("remembers texts without changing what they hash to", () => {
    const trace = new Trace();
    const fresh = new Trace();
    const long = "a text of more than twenty-four characters";
    trace.text(long);
    trace.text(long);
    fresh.text(long);
    fresh.text(`${long.slice(0, 10)}${long.slice(10)}`);
    expect(trace.digest()).toBe(fresh.digest());
  });
});

describe("the trace of outputs", () => {
  const to = makeId("agent", new Uint8Array(32));
  const other = makeId("agent", new Uint8Array(32).fill(1));
  const digests = { members: "a".repeat(16), policy: "b".repeat(16) };
  const probe = { type: "probe", sequence: 1, digests } as const;
  const ack = { type: "ack", sequence: 1, digests, incarnation: [1, 1, 0] } as const;
  const outputs: readonly Output[] = [
    { type: "send", to, message: probe },
    { type: "send", to: other, message: probe },
    { type: "send", to, message: { ...probe, sequence: 2 } },
    { type: "send", to, message: { ...probe, digests: { ...digests, members: "c".repeat(16) } } },
    { type: "send", to, message: { ...probe, digests: { ...digests, policy: "c".repeat(16) } } },
    { type: "send", to, message: { ...probe, accusation: { incarnation: [1, 1, 0] } } },
    { type: "send", to, message: { ...probe, accusation: { incarnation: [1, 1, 1] } } },
    { type: "send", to, message: ack },
    { type: "send", to: other, message: ack },
    { type: "send", to, message: { ...ack, sequence: 2 } },
    { type: "send", to, message: { ...ack, digests: { ...digests, members: "c".repeat(16) } } },
    { type: "send", to, message: { ...ack, digests: { ...digests, policy: "c".repeat(16) } } },
    { type: "send", to, message: { ...ack, incarnation: [1, 2, 0] } },
    { type: "send", to, message: { type: "votes", votes: [] } },
    { type: "hangUp", peer: to },
    { type: "hangUp", peer: other },
  ];

  it("covers every field", () => {
    const hashes = outputs.map((output) => {
      const trace = new OutputTrace(1, (id) => [to, other].indexOf(id));
      trace.add(0, 0, [output]);
      return joinedDigest(1, () => trace.standing);
    });
    expect(new Set(hashes).size).toBe(outputs.length);
  });
});

describe("model signatures", () => {
  it("pass the real predicate, and fit one key and one message only", () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), fc.uint8Array(), (name, message, other) => {
        const signer = modelSigner(name);
        const signature = signer.sign(message);
        expect(verifySignature(modelCrypto, signer.publicKey, message, signature)).toBe(true);
        const isSame = Buffer.compare(message, other) === 0;
        expect(verifySignature(modelCrypto, signer.publicKey, other, signature)).toBe(isSame);
        expect(verifySignature(modelCrypto, modelSigner(`${name}?`).publicKey, message, signature)).toBe(
          false,
        );
      }),
    );
  });

  it("enroll a swarm through the core's own verification, other agents for other seeds", () => {
    const swarm = enrollSwarm(5, 1);
    const ids = swarm.agents.map(({ certificate }) => certificate.agent);
    expect(new Set(ids).size).toBe(5);
    expect(swarm.agents.map(({ member }) => member.entry.entry.agent)).toEqual(ids);
    expect(enrollSwarm(5, 1).charter.swarm).toBe(swarm.charter.swarm);
    expect(enrollSwarm(5, 2).charter.swarm).not.toBe(swarm.charter.swarm);
  });
});

describe("the journal", () => {
  function written(): Journal {
    const journal = new Journal(new RecordPool());
    journal.persist("batched", [{ key: "b", value: 1 }]);
    journal.persist("sync", [{ key: "a", value: 1 }]);
    journal.persist("batched", [
      { key: "a", value: 2 },
      { key: "b", value: null },
      { key: "c", value: 3 },
    ]);
    journal.persist("batched", [{ key: "a", value: 4 }]);
    return journal;
  }

  it("keeps everything over a process, and over a power cut what was synced", () => {
    const journal = written();
    expect(journal.records()).toEqual([
      { key: "a", value: 4 },
      { key: "c", value: 3 },
    ]);
    journal.losePower(0);
    expect(journal.records()).toEqual([{ key: "a", value: 1 }]);
  });

  it("keeps of the rest what was written first, when the power fails in the middle of it", () => {
    const journal = written();
    expect(journal.unsyncedCount).toBe(5);
    journal.losePower(2);
    expect(journal.records()).toEqual([
      { key: "a", value: 2 },
      { key: "b", value: 1 },
    ]);
    journal.losePower(0);
    expect(journal.records()).toHaveLength(2);
  });

  it("never loses what was synced, whatever was written before and after", () => {
    const writes = fc.array(fc.tuple(fc.boolean(), fc.constantFrom("a", "b", "c"), fc.option(fc.nat(9))), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(writes, fc.nat(40), (script, survivors) => {
        const journal = new Journal(new RecordPool());
        const synced = new Map<string, number | null>();
        const after = new Map<string, (number | null)[]>();
        for (const [isSync, key, value] of script) {
          journal.persist(isSync ? "sync" : "batched", [{ key, value }]);
          if (isSync) synced.set(key, value);
          after.set(key, [...(isSync ? [] : (after.get(key) ?? [])), value]);
        }
        journal.losePower(survivors);
        const left = new Map(journal.records().map(({ key, value }) => [key, value]));
        for (const key of ["a", "b", "c"]) {
          expect([synced.get(key) ?? null, ...(after.get(key) ?? [])]).toContain(left.get(key) ?? null);
        }
      }),
    );
  });
});

interface Bench {
  readonly device: Device;
  readonly inputs: Input[];
  /** Runs every note that the device waits for. */
  settle(): void;
}

const motd = parseResourceId("file:/etc/motd")?.id as ResourceId;
const promise: ResourcePromise = { content: "hello\n" };
const plan = { verb: "write", idempotent: true, timeoutMs: 1_000, summary: "write: content" };

function createBench(): Bench {
  const context = {
    digest: (bytes: Uint8Array): string => keyedDigest(modelCrypto, utf8("key"), bytes),
  };
  const types = new Map(resourceTypes.map((type) => [type.kind, type]));
  const device = new Device(types, context, defaultTimes, Random.fromSeed(1));
  const inputs: Input[] = [];
  const notes: DeviceNote[] = [];
  device.attach({ input: (input) => inputs.push(input), after: (_, note) => notes.push(note) });
  const settle = (): void => {
    for (let note = notes.shift(); note !== undefined; note = notes.shift()) device.due(note);
  };
  return { device, inputs, settle };
}

describe("the device", () => {
  it("repairs what is promised and says so, and its watcher sees it", () => {
    const { device, inputs, settle } = createBench();
    device.watch(motd, promise, true);
    device.act({ type: "act", action: "1-1", resource: motd, promise, plan });
    settle();
    expect(inputs[0]).toEqual({ type: "outcome", action: "1-1", result: { type: "done", detail: "write" } });
    expect(inputs[1]).toMatchObject({
      type: "observed",
      observation: { type: "file", mode: fileModeDefault, size: 6 },
    });
  });

  it("leaves alone what was canceled", () => {
    const { device, inputs, settle } = createBench();
    device.watch(motd, promise, true);
    device.act({ type: "act", action: "1-1", resource: motd, promise, plan });
    device.cancel("1-1");
    device.cancel("1-1");
    device.observe(motd);
    settle();
    expect(inputs).toEqual([
      { type: "outcome", action: "1-1", result: { type: "canceled" } },
      { type: "observed", resource: motd, observation: { type: "absent" } },
    ]);
  });

  it("shows damage to who watches, and keeps it for who comes later", () => {
    const { device, inputs, settle } = createBench();
    device.watch(motd, promise, true);
    device.act({ type: "act", action: "1-1", resource: motd, promise, plan });
    settle();
    device.damage(motd, 0);
    settle();
    expect(inputs.at(-1)).toEqual({ type: "observed", resource: motd, observation: { type: "absent" } });
    device.processEnded();
    const seen = inputs.length;
    device.damage(motd, 1);
    settle();
    expect(inputs).toHaveLength(seen);
    device.watch(motd, promise, true);
    device.observe(motd);
    settle();
    expect(inputs.at(-1)).toMatchObject({ observation: { type: "other" } });
  });
});
