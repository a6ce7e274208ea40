import {
  type Input,
  keyedDigest,
  Mind,
  type Observation,
  type Output,
  type ResourceType,
} from "@antibody/core";
import { type BundleDocument, powers, type ResourcePromise } from "@antibody/policy";
import { author, crypto, grantTo, options } from "../../../core/test/mind/minds.ts";
import { keyedDigester } from "../../src/device/digest.ts";
import { KeyedDigests } from "../../src/mind/keyedDigests.ts";
import { Recorder } from "../../src/mind/recorder.ts";
import { type Recording, readRecording, recordingHeader } from "../../src/mind/recordingFormat.ts";
import { Redaction } from "../../src/mind/redaction.ts";
import { MemorySegments } from "../../src/mind/segments.ts";

const digestKey = new Uint8Array(32).fill(9);
const writer = author(7);
/** What a promise marks private here. */
export const secret = "the key of the greenhouse is under the third stone";

/** A promise of each kind that a device can fail to keep. */
export const promises: { readonly [resource: string]: ResourcePromise } = {
  "command:schema": { check: ["/bin/true"], apply: ["/bin/make"], timeout: "10s" },
  "container:web": { image: "docker.io/library/nginx:1.27" },
  "directory:/srv/data": { mode: "0750" },
  "file:/etc/key": { content: secret, mode: "0600", private: true },
  "file:/etc/motd": { content: "hello\n" },
  "foreign:miner": { program: "/usr/bin/xmrig", absent: true },
  "key:/etc/a.conf#token": { value: secret, private: true },
  "line:/etc/hosts#db": { line: secret, private: true },
  "mount:/tmp": { source: "tmpfs", fsType: "tmpfs" },
  "package:ntp": {},
  "plugin:greeting/lobby": { fields: { text: "hello" } },
  "process:sensor": { command: ["/usr/bin/sensor"] },
  "route:sensor-api": { listen: "127.0.0.1:7080" },
  "service:ssh": {},
  "sshkey:alice/laptop": { key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5" },
  "symlink:/srv/now": { target: "/srv/data" },
  "sysctl:net.ipv4.ip_forward": { value: "1" },
  "timer:poll": { command: ["/usr/bin/poll"], timeout: "1m", interval: "5m" },
  "user:sensor": {},
};

/** A case that a human has, with its recording. */
export interface Case {
  readonly recording: Recording;
  readonly bytes: Buffer;
  readonly mind: Mind;
}

/** A mind whose repairs of one resource all fail, until a human has the case; recorded. */
export function failing(resource: string, type: ResourceType, promise: ResourcePromise): Case {
  const digests = new KeyedDigests(crypto, digestKey);
  const born = { ...options, digestKey, crypto: digests.crypto };
  const mind = Mind.create(born, { records: [], members: [], policies: [] });
  const { crypto: _crypto, digestKey: _key, resourceTypes: types, ...told } = born;
  const recorder = new Recorder({
    header: () => recordingHeader("test", 0, { ...told, resourceKinds: types.map(({ kind }) => kind) }),
    dump: () => mind.dump(),
    digests,
    redaction: new Redaction(crypto, keyedDigester(digestKey)),
    segments: new MemorySegments(),
    bytesMax: 8_000_000,
    onFailure: (error) => {
      throw error;
    },
  });
  const broken = brokenState(type, promise);
  const documents = [{ name: "all", promises: { [resource]: promise } }] as unknown as BundleDocument[];
  const queue: Input[] = [
    { type: "started", addresses: [] },
    { type: "policy", policy: writer.root, from: "owner" },
    ...writer.publish(1, documents).map((policy): Input => ({ type: "policy", policy, from: "owner" })),
    {
      type: "command",
      id: "g",
      command: { type: "grant", grant: { ...grantTo(writer.root), scope: ["**"], powers } },
    },
  ];
  let monoMs = 0;
  let isHandedOff = false;
  for (let steps = 0; steps < 500 && !isHandedOff; steps += 1) {
    const input = queue.shift() ?? { type: "wake" };
    const now = { monoMs, wallMs: 1_790_000_000_000 + monoMs };
    const { outputs, wakeAt } = mind.step(input, now);
    recorder.record(input, now, outputs);
    for (const output of outputs) queue.push(...answers(output, broken));
    isHandedOff = outputs.some(({ type, ...rest }) => type === "tell" && isHandOff(rest));
    if (queue.length === 0 && Number.isFinite(wakeAt)) monoMs = Math.max(monoMs, wakeAt);
  }
  if (!isHandedOff) throw new Error(`${resource} was never handed off`);
  const bytes = Buffer.from(recorder.bytes());
  return { bytes, recording: readRecording(bytes), mind };
}

function isHandOff(rest: object): boolean {
  return "event" in rest && (rest as { event: { name: string } }).event.name === "resource.handedOff";
}

function brokenState(type: ResourceType, promise: ResourcePromise): Observation {
  const context = { digest: (bytes: Uint8Array) => keyedDigest(crypto, digestKey, bytes) };
  for (let seed = 0; seed < 60; seed += 1) {
    const state = type.fake.damaged(promise, type.fake.initial(promise, context), seed, context);
    if (type.diff(promise, state, context) !== undefined) return state;
  }
  throw new Error(`${type.kind} is never broken`);
}

function answers(output: Output, observation: Observation): readonly Input[] {
  switch (output.type) {
    case "observe":
      return [{ type: "observed", resource: output.resource, observation }];
    case "act":
      return [
        { type: "progress", action: output.action, step: 1, of: 2, note: "begun" },
        {
          type: "outcome",
          action: output.action,
          result: { type: "failed", code: "EIO", detail: "no luck" },
        },
      ];
    default:
      return [];
  }
}
