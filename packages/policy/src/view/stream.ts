import { compareText, toHex } from "../bytes.ts";
import { type FragmentId, idDigest, type StreamName } from "../ids.ts";
import { authorStreamsMax } from "../limits.ts";
import type { Root } from "../root.ts";
import type { VerifiedFragment, VerifiedManifest } from "../verify.ts";
import { belowFloor, compareVersions, type Floors, streamKey, type Version } from "../version.ts";
import type { AuthorDocuments, Proof } from "./documents.ts";
import type { Disputes, Freshness, StageGate } from "./types.ts";

/** A generation that is complete here. */
interface Generation {
  readonly version: Version;
  readonly manifest: VerifiedManifest;
  readonly fragments: readonly VerifiedFragment[];
}

/** A generation that is newer than the active one and not complete. */
interface PendingGeneration {
  readonly version: Version;
  /** Absent where only fragments have come. */
  readonly manifest?: FragmentId;
  readonly missing: readonly FragmentId[];
  /** What of it is here. */
  readonly fragments: readonly VerifiedFragment[];
  /** Of a complete one: why it is not in force. */
  readonly stage?: "waiting" | "blocked" | "stale";
}

/** One stream, resolved from its documents of valid epochs. */
export interface ResolvedStream {
  readonly stream: StreamName;
  readonly active?: Generation;
  readonly pending?: PendingGeneration;
  /** Why the stream is in dispute, if it is: then its claims are neither enforced nor undone. */
  readonly dispute?: "equivocation" | "quota";
  readonly proof?: Proof;
  /** The fragments whose claims are in dispute. */
  readonly disputed: readonly VerifiedFragment[];
}

/** The documents of one stream, each list sorted by id. */
interface StreamDocuments {
  readonly stream: StreamName;
  readonly manifests: readonly VerifiedManifest[];
  readonly fragments: readonly VerifiedFragment[];
  /** Whether a version is older than what was active here. */
  readonly isOld: (version: Version) => boolean;
  /** Whether a version is newer than what was active here. */
  readonly isNew: (version: Version) => boolean;
  /** An equivocation that the documents here no longer show. */
  readonly noticed: Proof | undefined;
  /** Nothing new is taken up any more. */
  readonly isExpired: boolean;
  readonly stageOf: StageGate;
}

/** What an author's streams are resolved by. */
export interface ResolveRules {
  /** Absent: every document counts as it comes, and the caller holds them all. */
  readonly root: Root | undefined;
  readonly floors: Floors;
  readonly disputes: Disputes;
  /** Spent in the order of the streams' names, so that all devices refuse the same ones. */
  readonly bytesMax: number;
  readonly freshness: Freshness | undefined;
  readonly stageOf?: StageGate | undefined;
}

/** Resolves an author's streams, sorted by name. */
export function resolveStreams(documents: AuthorDocuments, rules: ResolveRules): readonly ResolvedStream[] {
  const { root, floors, disputes, bytesMax, freshness, stageOf = () => "admitted" } = rules;
  const manifests = documents.manifests.filter((entry) => isValid(entry.manifest.epoch, entry.id, root));
  const fragments = documents.fragments.filter((entry) => isValid(entry.fragment.epoch, entry.id, root));
  const names = new Set([
    ...manifests.map((entry) => entry.manifest.stream),
    ...fragments.map((entry) => entry.fragment.stream),
  ]);
  const streams = [...names].sort(compareText).map((stream) => {
    const key = streamKey(documents.author, stream);
    const dispute = disputes.get(key);
    const floor = floors.get(key);
    return resolveStream({
      stream,
      manifests: manifests.filter((entry) => entry.manifest.stream === stream),
      fragments: fragments.filter((entry) => entry.fragment.stream === stream),
      isOld: (version) => belowFloor(floors, documents.author, stream, version),
      isNew: (version) => floor === undefined || compareVersions(version, floor) > 0,
      noticed: root === undefined || dispute?.epoch === root.epoch ? dispute?.proof : undefined,
      isExpired: freshness?.isExpired === true,
      stageOf,
    });
  });
  return withinQuota(streams, bytesMax);
}

/** Documents of the root's epoch are valid; older ones if the root carries them; newer ones not yet. */
function isValid(epoch: number, id: FragmentId, root: Root | undefined): boolean {
  if (root === undefined || epoch === root.epoch) return true;
  const digest = idDigest(id);
  return epoch < root.epoch && digest !== undefined && root.carry.includes(toHex(digest));
}

function resolveStream(documents: StreamDocuments): ResolvedStream {
  const { stream, fragments, isOld } = documents;
  const proof = equivocation(documents) ?? documents.noticed;
  if (proof !== undefined) {
    // All that its headers claim; but what an active generation has dropped is not claimed again.
    const disputed = fragments.filter((entry) => !isOld(entry.fragment));
    return { stream, dispute: "equivocation", proof, disputed };
  }
  const active = activeGeneration(documents);
  const pending = pendingGeneration(documents, active?.version);
  return {
    stream,
    ...(active === undefined ? {} : { active }),
    ...(pending === undefined ? {} : { pending }),
    disputed: [],
  };
}

/**
 * One version, two bodies: two manifests, two fragments of one name, or a fragment that its version's manifest does
 * not name. Only a new epoch clears it.
 */
function equivocation({ manifests, fragments }: StreamDocuments): Proof | undefined {
  const byVersion = new Map<string, VerifiedManifest>();
  for (const entry of manifests) {
    const other = byVersion.get(versionKey(entry.manifest));
    if (other !== undefined) return [other.id, entry.id];
    byVersion.set(versionKey(entry.manifest), entry);
  }
  const byName = new Map<string, FragmentId>();
  for (const { id, fragment } of fragments) {
    const manifest = byVersion.get(versionKey(fragment));
    if (manifest?.manifest.fragments.includes(id) === false) return sortedProof(manifest.id, id);
    const key = `${versionKey(fragment)}/${fragment.name}`;
    const other = byName.get(key);
    if (other !== undefined) return [other, id];
    byName.set(key, id);
  }
  return undefined;
}

function sortedProof(left: FragmentId, right: FragmentId): Proof {
  return compareText(left, right) < 0 ? [left, right] : [right, left];
}

function versionKey({ epoch, generation }: Version): string {
  return `${epoch}.${generation}`;
}

function activeGeneration(documents: StreamDocuments): Generation | undefined {
  let active: Generation | undefined;
  for (const manifest of documents.manifests) {
    const version = versionOf(manifest.manifest);
    if (documents.isOld(version)) continue;
    if (active !== undefined && compareVersions(version, active.version) < 0) continue;
    const fragments = pinned(manifest, documents.fragments);
    if (fragments.length !== manifest.manifest.fragments.length) continue;
    if (stageIn(documents, manifest) === "admitted") active = { version, manifest, fragments };
  }
  return active;
}

function pendingGeneration(
  documents: StreamDocuments,
  active: Version | undefined,
): PendingGeneration | undefined {
  const headers = [
    ...documents.manifests.map((entry) => versionOf(entry.manifest)),
    ...documents.fragments.map((entry) => versionOf(entry.fragment)),
  ];
  const [version] = headers
    .filter((header) => !documents.isOld(header))
    .filter((header) => active === undefined || compareVersions(header, active) > 0)
    .sort((left, right) => compareVersions(right, left));
  if (version === undefined) return undefined;
  const fragments = documents.fragments.filter((entry) => compareVersions(entry.fragment, version) === 0);
  const manifest = documents.manifests.find((entry) => compareVersions(entry.manifest, version) === 0);
  if (manifest === undefined) return { version, missing: [], fragments };
  const here = new Set(pinned(manifest, documents.fragments).map((entry) => entry.id));
  const missing = manifest.manifest.fragments.filter((id) => !here.has(id));
  const stage = missing.length === 0 ? stageIn(documents, manifest) : "admitted";
  return {
    version,
    manifest: manifest.id,
    missing,
    fragments,
    ...(stage === "admitted" ? {} : { stage }),
  };
}

/** Expiry stops adoption; what was active here stays so. */
function stageIn(documents: StreamDocuments, manifest: VerifiedManifest): ReturnType<StageGate> | "stale" {
  if (documents.isExpired && documents.isNew(manifest.manifest)) return "stale";
  return manifest.manifest.staging === undefined ? "admitted" : documents.stageOf(manifest);
}

/** The fragments here that a manifest pins. One of another version does not count: no mixing of generations. */
function pinned(
  { manifest }: VerifiedManifest,
  fragments: readonly VerifiedFragment[],
): readonly VerifiedFragment[] {
  const ids = new Set(manifest.fragments);
  return fragments.filter((entry) => ids.has(entry.id) && compareVersions(entry.fragment, manifest) === 0);
}

function withinQuota(streams: readonly ResolvedStream[], bytesMax: number): readonly ResolvedStream[] {
  let bytes = 0;
  let count = 0;
  return streams.map((resolved) => {
    const { active } = resolved;
    if (active === undefined) return resolved;
    const size = active.fragments.reduce(
      (sum, entry) => sum + entry.bytes.length,
      active.manifest.bytes.length,
    );
    if (bytes + size > bytesMax || count >= authorStreamsMax) {
      return { ...resolved, dispute: "quota", disputed: active.fragments };
    }
    bytes += size;
    count += 1;
    return resolved;
  });
}

function versionOf(document: Version): Version {
  return { epoch: document.epoch, generation: document.generation };
}
