import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultSettings, type Input, keyedDigest, type MindOptions, type Output } from "@antibody/core";
import type { AgentId, SwarmId } from "@antibody/policy";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keyedDigester } from "../../src/device/digest.ts";
import { KeyedDigests, replayCrypto, replayDigestKey } from "../../src/mind/keyedDigests.ts";
import { Recorder } from "../../src/mind/recorder.ts";
import { encodeFrame, readRecording, recordingHeader } from "../../src/mind/recordingFormat.ts";
import { Redaction } from "../../src/mind/redaction.ts";
import { replay } from "../../src/mind/replay.ts";
import { FileSegments, MemorySegments, type Segments } from "../../src/mind/segments.ts";
import { nodeCrypto } from "../../src/state/nodeCrypto.ts";
import { scratchDirectory } from "../state/scratch.ts";
import { motd, peer, ScriptedMind } from "./script.ts";

const crypto = nodeCrypto();
const digestKey = new Uint8Array(32).fill(7);

const header = recordingHeader("1.0.0", 0, {
  agent: peer,
  swarm: "swarm_x" as SwarmId,
  certificate: { agent: peer, publicKey: Uint8Array.of(1, 2) } as unknown as MindOptions["certificate"],
  build: "1.0.0",
  contexts: { arch: "x64", hostname: "h", name: "n", os: "linux", tags: ["a"] },
  random: [1, 2, 3, 4],
  settings: defaultSettings,
  protectedResources: ["file:/state/**"],
  resourceKinds: [],
});

/** Answers with the number of the step, so that a replay that lost its place differs. */
function answer(input: Input, count: number): readonly Output[] {
  if (input.type === "disconnected" && input.peer === ("agent_fatal" as AgentId)) throw new Error("broken");
  return [
    { type: "tell", event: { name: "agent.started", level: "info", fields: { count, input: input.type } } },
  ];
}

interface Bench {
  readonly recorder: Recorder;
  readonly mind: ScriptedMind;
  step(input: Input): void;
}

function bench(
  segments: Segments,
  bytesMax = 1_000_000,
  onFailure: (error: unknown) => void = () => undefined,
): Bench {
  const mind = new ScriptedMind(answer);
  const recorder = new Recorder({
    header: () => header,
    dump: () => mind.dump(),
    digests: new KeyedDigests(crypto, digestKey),
    redaction: new Redaction(crypto, keyedDigester(digestKey)),
    segments,
    bytesMax,
    onFailure,
  });
  return {
    recorder,
    mind,
    step: (input) => {
      const now = { monoMs: mind.seen.length, wallMs: 5 };
      try {
        recorder.record(input, now, mind.step(input, now).outputs);
      } catch {
        recorder.record(input, now, undefined);
      }
    },
  };
}

const restoring = {
  crypto,
  resourceTypes: [],
  restore: (_options: unknown, dump: Parameters<typeof ScriptedMind.restore>[1]) =>
    ScriptedMind.restore(answer, dump),
};

const inputs = fc.oneof(
  fc.constant<Input>({ type: "wake" }),
  fc.constant<Input>({ type: "disconnected", peer }),
  fc
    .uint8Array({ maxLength: 300 })
    .map((bytes): Input => ({ type: "policy", from: peer, policy: { bytes } as never })),
  fc
    .jsonValue()
    .map((value): Input => ({ type: "observed", resource: motd, observation: { value: value as never } })),
);

test("a recording reads back as what was recorded, whatever was dropped for room, and replays equally", () => {
  fc.assert(
    fc.property(
      fc.array(inputs, { minLength: 1, maxLength: 120 }),
      fc.constantFrom(2_000, 1_000_000),
      (list, bytesMax) => {
        const { recorder, mind, step } = bench(new MemorySegments(), bytesMax);
        for (const input of list) step(input);
        const recording = readRecording(recorder.bytes());
        recorder.close();
        const kept = mind.seen.slice(mind.seen.length - recording.steps.length);
        expect(recording.steps.map(({ input, now }) => ({ input, now }))).toEqual(kept);
        expect(recording.header).toEqual(header);
        expect(replay(recording, restoring)).toEqual({ stepCount: recording.steps.length });
      },
    ),
    { numRuns: 50 },
  );
});

test("a recording stays within its bytes, and is never empty for it", () => {
  const { recorder, step } = bench(new MemorySegments(), 40_000);
  let longest = 0;
  // A segment ends after the steps that were written together.
  const together = 50;
  for (let n = 0; n < 3_000; n += 1) {
    step({ type: "wake" });
    if (n % together === 0) longest = Math.max(longest, recorder.bytes().length);
  }
  const stepBytesMax = 120;
  expect(longest).toBeLessThan(40_000 + 2 * together * stepBytesMax);
  expect(readRecording(recorder.bytes()).steps.length).toBeGreaterThan(50);
  recorder.close();
});

test("a dump larger than a segment does not lead to a dump for every step", () => {
  let dumpCount = 0;
  const recorder = new Recorder({
    header: () => header,
    dump: () => {
      dumpCount += 1;
      return new Uint8Array(20_000);
    },
    digests: new KeyedDigests(crypto, digestKey),
    redaction: new Redaction(crypto, keyedDigester(digestKey)),
    segments: new MemorySegments(),
    bytesMax: 8_000,
    onFailure: () => undefined,
  });
  for (let n = 0; n < 20; n += 1) {
    recorder.record({ type: "wake" }, { monoMs: n, wallMs: 0 }, []);
    recorder.bytes();
  }
  expect(dumpCount).toBe(1);
  recorder.close();
});

test("a replay finds the first step that differs", () => {
  const { recorder, step } = bench(new MemorySegments());
  for (let n = 0; n < 10; n += 1) step(n === 6 ? { type: "disconnected", peer } : { type: "wake" });
  const recording = readRecording(recorder.bytes());
  recorder.close();
  const other = (input: Input, count: number): readonly Output[] =>
    input.type === "disconnected" ? [] : answer(input, count);
  const result = replay(recording, {
    ...restoring,
    restore: (_options, dump) => ScriptedMind.restore(other, dump),
  });
  expect(result.stepCount).toBe(7);
  expect(result.firstDifference).toMatchObject({ index: 6, outputs: [], equal: false });
});

test("the step in which a mind broke is recorded, and breaks again", () => {
  const { recorder, step } = bench(new MemorySegments());
  step({ type: "wake" });
  step({ type: "disconnected", peer: "agent_fatal" as AgentId });
  const recording = readRecording(recorder.bytes());
  recorder.close();
  expect(recording.steps.map(({ outputs }) => outputs === undefined)).toEqual([false, true]);
  expect(replay(recording, restoring)).toEqual({ stepCount: 2 });
});

test("files of a killed process are kept for the next one, and a cut end is passed over", () => {
  const directory = scratchDirectory();
  const killed = bench(new FileSegments(directory));
  killed.step({ type: "wake" });
  killed.step({ type: "disconnected", peer });
  const whole = killed.recorder.bytes();
  const next = new FileSegments(directory);
  const left = readFileSync(join(directory, "killed.recording"));
  expect(left).toEqual(Buffer.from(whole));
  expect(readRecording(left).steps.length).toBe(2);
  const cut = readRecording(left.subarray(0, left.length - 3));
  expect(cut).toMatchObject({ cut: true, steps: [{ input: { type: "wake" } }] });
  expect(next.read().length).toBe(0);
  next.close();
});

test("what came of policy is written a little later by itself, in its order with all around it", async () => {
  const segments = new MemorySegments();
  const { recorder, step } = bench(segments);
  const written = (): readonly string[] =>
    readRecording(segments.read()).steps.map(({ input }) => input.type);
  step({ type: "wake" });
  step({ type: "policy", from: peer, policy: { bytes: Uint8Array.of(1) } as never });
  step({ type: "disconnected", peer });
  for (let turn = 0; turn < 3; turn += 1) await new Promise((turned) => setImmediate(turned));
  expect(written()).toEqual([]);
  await expect.poll(written).toEqual(["wake", "policy", "disconnected"]);
  recorder.close();
});

test("small talk waits for what is none, or for company", async () => {
  const segments = new MemorySegments();
  const { recorder } = bench(segments);
  const written = (): number => readRecording(segments.read()).steps.length;
  const look = (monoMs: number, outputs: readonly Output[] = []) =>
    recorder.record({ type: "wake" }, { monoMs, wallMs: 5 }, outputs);
  const turns = async () => {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((turned) => setImmediate(turned));
  };
  look(1);
  look(2);
  await turns();
  expect(written()).toBe(0);
  look(3, [{ type: "hangUp", peer }]);
  await turns();
  expect(written()).toBe(3);
  let steps = 3;
  while (written() === 3 && steps < 100) {
    steps += 1;
    look(steps);
    await turns();
  }
  expect(written()).toBe(steps);
  expect(steps).toBeLessThan(50);
  recorder.close();
});

test("files rotate like memory", () => {
  const { recorder, mind, step } = bench(new FileSegments(scratchDirectory()), 4_000);
  for (let n = 0; n < 200; n += 1) {
    step({ type: "wake" });
    recorder.bytes();
  }
  const recording = readRecording(recorder.bytes());
  expect(recording.steps.at(-1)?.now).toEqual(mind.seen.at(-1)?.now);
  expect(recording.steps.length).toBeLessThan(200);
  expect(replay(recording, restoring).firstDifference).toBeUndefined();
  recorder.close();
});

test("where the files fail, the recording begins again in memory, and says so once", () => {
  const failures: unknown[] = [];
  let count = 0;
  const failing: Segments = {
    append: () => {
      count += 1;
      if (count > 1) throw new Error("no space");
    },
    rotate: () => undefined,
    read: () => Buffer.of(),
    close: () => undefined,
  };
  const { recorder, step } = bench(failing, 1_000_000, (error) => failures.push(error));
  step({ type: "wake" });
  recorder.bytes();
  step({ type: "disconnected", peer });
  const recording = readRecording(recorder.bytes());
  expect(failures.length).toBe(1);
  expect(recording.steps.map(({ input }) => input.type)).toEqual(["disconnected"]);
  expect(replay(recording, restoring).firstDifference).toBeUndefined();
  recorder.close();
});

test("garbage is no recording", () => {
  expect(() => readRecording(Buffer.from("garbage ".repeat(100)))).toThrow("not a recording");
  expect(() => readRecording(Buffer.of())).toThrow("begins with a header");
  const newer = encodeFrame({ type: "header", header: { ...header, v: 2 as never } });
  expect(() => readRecording(Buffer.concat([newer, encodeFrame({ type: "dump", dump: null })]))).toThrow(
    "version 2",
  );
});

test("keyed digests replay without the key, and the key is nowhere in the recording", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (contents) => {
      const digests = new KeyedDigests(crypto, digestKey);
      const keyed = contents.map((content) => keyedDigest(digests.crypto, digestKey, content));
      const expected = contents.map((content) =>
        createHmac("sha256", digestKey).update(content).digest("hex"),
      );
      expect(keyed).toEqual(expected);
      const replaying = replayCrypto(
        crypto,
        digests.all((content) => content),
      );
      expect(contents.map((content) => keyedDigest(replaying, replayDigestKey, content))).toEqual(expected);
      expect(digests.takeFresh((content) => content)).toEqual([]);
    }),
  );
});

test("frames that are no maps, and a version that is no number, are told as damage", () => {
  const framed = (...body: readonly number[]): Uint8Array => Uint8Array.from([0, 0, 0, body.length, ...body]);
  expect(() => readRecording(framed(0xf6))).toThrow(/the frame at 0 is damaged: it is no frame/);
  // Found by test/deep/memberDecoders.test.ts: CBOR's sign of an end in the place of a number.
  const header = encodeFrame({ type: "header", header: recordingHeader("0.1.0", 0, {} as never) });
  const at = Buffer.from(header).indexOf("av\x01", "latin1") + 2;
  const broken = Uint8Array.from(header).fill(0xff, at, at + 1);
  const dump = encodeFrame({ type: "dump", dump: {} });
  expect(() => readRecording(Buffer.concat([broken, dump]))).toThrow(/a recording of version Symbol/);
});
