import { createHmac, randomBytes } from "node:crypto";
import { resolve } from "node:path";
import {
  defaultSettings,
  interruptedResources,
  Mind,
  type MindOptions,
  resourceTypes,
  type Settings,
} from "@antibody/core";
import { type Crypto, type ResourceId, toHex } from "@antibody/policy";
import { runtimeDirectory } from "../control/paths.ts";
import { keyedDigester } from "../device/digest.ts";
import type { Log } from "../log/log.ts";
import { KeyedDigests } from "../mind/keyedDigests.ts";
import { Recorder, recordingBytesMaxDefault } from "../mind/recorder.ts";
import { recordingHeader } from "../mind/recordingFormat.ts";
import { Redaction } from "../mind/redaction.ts";
import { FileSegments, MemorySegments, type Segments } from "../mind/segments.ts";
import { type PluginRegistry, pluginPaths } from "../plugins/registry.ts";
import type { AgentState } from "../state/agentState.ts";
import { readBoot } from "../state/boot.ts";
import { openMemoryDirectory, shmDirectory } from "../state/memoryDirectory.ts";
import { refuseNewerRecords } from "../state/recordVersion.ts";
import { messageOf } from "../state/stateError.ts";
import { deviceContexts, installedPaths, protectedGlobs } from "./surroundings.ts";

/** What a mind is born from. */
export interface BirthOptions {
  readonly state: AgentState;
  readonly root: string;
  readonly build: string;
  readonly crypto: Crypto;
  readonly log: Log;
  readonly settings: Partial<Settings>;
  readonly plugins: PluginRegistry;
  readonly recordingBytesMax: number | undefined;
  readonly wallMs: () => number;
}

/** A mind with what listens to it from its first moment. */
export interface BornMind {
  readonly mind: Mind;
  readonly digestKey: Uint8Array;
  readonly recorder: Recorder;
  /** What the last run was about to do when it was killed. */
  readonly interrupted: readonly ResourceId[];
}

/** Makes the mind of an agent from its state directory, with its flight recorder. Says what the journal lost. */
export function bearMind(options: BirthOptions): BornMind {
  const { state, crypto, log } = options;
  for (const damage of state.journal.damages) {
    const { path, movedTo, salvagedCount, lostKeys, trustKept } = damage;
    const level = trustKept ? "warn" : "error";
    log.tell({
      name: "agent.journalDamaged",
      level,
      fields: { path, movedTo, salvagedCount, lostKeys: lostKeys.slice(0, 100), trustKept },
    });
  }
  const records = state.journal.read();
  refuseNewerRecords(records);
  const { boot, rejected } = readBoot(records, state.charter, crypto, state.certificate);
  for (const { key, rejection } of rejected) {
    const { reason, detail } = rejection;
    log.tell({ name: "agent.recordRejected", level: "warn", fields: { key, reason, detail } });
  }
  const digestKey = digestKeyOf(state.key.seed);
  const digests = new KeyedDigests(crypto, digestKey);
  const mindOptions = mindOptionsOf(options, digestKey, digests.crypto);
  const mind = Mind.create(mindOptions, boot);
  const recorder = recorderOf(options, mindOptions, mind, digests);
  return { mind, digestKey, recorder, interrupted: interruptedResources(records) };
}

/**
 * The key of digests in observations: from the agent's own key, so that it is secret, lasts, and needs no file.
 * Neither can be found from the other's digests.
 */
function digestKeyOf(seed: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", seed).update("antibody digest key 1").digest());
}

function mindOptionsOf(options: BirthOptions, digestKey: Uint8Array, crypto: Crypto): MindOptions {
  const { state, root, build, settings } = options;
  const seed = randomBytes(12);
  const runtime = runtimeDirectory(state.paths.directory, process.env, process.getuid?.() ?? 0);
  return {
    agent: state.certificate.agent,
    swarm: state.charter.swarm,
    certificate: state.certificate,
    build,
    contexts: deviceContexts({ name: state.certificate.certificate.name, tags: state.tags }),
    digestKey,
    random: [seed.readUInt32LE(0), seed.readUInt32LE(4), seed.readUInt32LE(8), 1],
    crypto,
    settings: { ...defaultSettings, ...settings },
    resourceTypes,
    owner: toHex(state.owner),
    protectedResources: protectedGlobs(root, [
      state.paths.directory,
      resolve(runtime),
      shmDirectory(state.paths.directory),
      ...installedPaths(process.env),
      ...pluginPaths(options.plugins),
      process.execPath,
      ...(process.argv[1] === undefined ? [] : [resolve(process.argv[1])]),
    ]),
  };
}

function recorderOf(
  { state, build, crypto, log, wallMs, recordingBytesMax }: BirthOptions,
  mindOptions: MindOptions,
  mind: Mind,
  digests: KeyedDigests,
): Recorder {
  const tellFailure = (error: unknown): void =>
    log.tell({ name: "agent.recordingInMemory", level: "warn", fields: { cause: messageOf(error) } });
  const { crypto: _crypto, digestKey, resourceTypes: types, ...told } = mindOptions;
  return new Recorder({
    header: () => recordingHeader(build, wallMs(), { ...told, resourceKinds: types.map(({ kind }) => kind) }),
    dump: () => mind.dump(),
    digests,
    redaction: new Redaction(crypto, keyedDigester(digestKey)),
    segments: openSegments(state.paths.directory, tellFailure),
    bytesMax: recordingBytesMax ?? recordingBytesMaxDefault,
    onFailure: tellFailure,
  });
}

/** Files in memory where there are any; the recording then outlives a killed agent. */
function openSegments(stateDirectory: string, tellFailure: (error: unknown) => void): Segments {
  try {
    const directory = openMemoryDirectory(stateDirectory);
    return directory === undefined ? new MemorySegments() : new FileSegments(directory);
  } catch (error) {
    tellFailure(error);
    return new MemorySegments();
  }
}
