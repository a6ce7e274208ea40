import type {
  AuthorId,
  Crypto,
  FragmentId,
  ResourceId,
  Staging,
  StreamName,
  VerifiedManifest,
  Version,
} from "@antibody/policy";
import { type AgentId, waveOf } from "@antibody/policy";
import type { JournalRecord } from "../contract/output.ts";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import { recall } from "../keeping/snapshot.ts";

/** What this agent has to say of a generation, when it is time. */
export interface DueReport {
  readonly finding: "ready" | "switched" | "healthy" | "failed";
  readonly detail: string;
  readonly atMs: MonotonicMs;
}

/** What a device makes of one generation in stages. Plain data with values that never change. */
export interface Stage {
  readonly manifest: FragmentId;
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly version: Version;
  /** The wave that this device is in, from 0. */
  readonly wave: number;
  /**
   * - `waiting`: not in force here yet. - `trial`: in force, and not proven. - `proven`: for good.
   * - `blocked`: it failed here, or was halted while it was tried: never again.
   */
  readonly state: "waiting" | "trial" | "proven" | "blocked";
  /** What the view is told: see `StageGate`. */
  readonly gate: "admitted" | "waiting" | "blocked";
  /** Why it is blocked, or why nobody else takes it up; empty else. */
  readonly reason: string;
  readonly seenMs: MonotonicMs;
  /** The last wave that has begun as far as this agent has heard, and since when. */
  readonly lastOpen: number;
  readonly openSinceMs: MonotonicMs;
  readonly trialSinceMs: MonotonicMs;
  /** Since when all its promises are kept; NEVER while they are not. */
  readonly wholeSinceMs: MonotonicMs;
  /** How often it was put on trial, also across restarts. */
  readonly starts: number;
  /** What was broken before under the same promise: it says nothing of this generation. */
  readonly excused: readonly ResourceId[];
  readonly due: DueReport | undefined;
  /** Findings that were signed, or left to others. */
  readonly said: readonly DueReport["finding"][];
}

const prefix = "stage/";

/** The record of a stage that must outlive the process. */
export function stageRecord({
  manifest,
  author,
  stream,
  version,
  state,
  reason,
  starts,
}: Stage): JournalRecord {
  return { key: prefix + manifest, value: { v: 1, author, stream, ...version, state, reason, starts } };
}

export function stageDeletion(manifest: FragmentId): JournalRecord {
  return { key: prefix + manifest, value: null };
}

/** What a journal says of a stage; undefined for any other record. */
export interface StoredStage {
  readonly manifest: FragmentId;
  readonly state: "trial" | "blocked";
  readonly reason: string;
  readonly starts: number;
}

export function readStage({ key, value }: JournalRecord): StoredStage | undefined {
  if (!key.startsWith(prefix) || value === null) return undefined;
  const { state, reason, starts } = recall<StoredStage>(value);
  return { manifest: key.slice(prefix.length) as FragmentId, state, reason, starts };
}

/** A generation that is seen for the first time in this life of the agent. */
export function newStage(
  { id, author, manifest }: VerifiedManifest,
  stored: StoredStage | undefined,
  agent: AgentId,
  crypto: Pick<Crypto, "sha256">,
  nowMs: MonotonicMs,
): Stage {
  const { stream, epoch, generation, staging } = manifest;
  const state = stored?.state ?? "waiting";
  return {
    manifest: id,
    author,
    stream,
    version: { epoch, generation },
    wave: waveIn(staging, agent, crypto),
    state,
    gate: state === "trial" ? "admitted" : state,
    reason: stored?.reason ?? "",
    seenMs: nowMs,
    lastOpen: 0,
    openSinceMs: nowMs,
    trialSinceMs: nowMs,
    wholeSinceMs: NEVER,
    starts: stored?.starts ?? 0,
    excused: [],
    due: undefined,
    said: [],
  };
}

/** The wave of a device; without a rollout there is one. */
export function waveIn(staging: Staging | undefined, agent: AgentId, crypto: Pick<Crypto, "sha256">): number {
  return staging?.rollout === undefined ? 0 : waveOf(staging.rollout, agent, crypto);
}
