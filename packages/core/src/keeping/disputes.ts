import {
  compareText,
  type Dispute,
  type FragmentId,
  type StreamKey,
  streamKey,
  type VerifiedFragment,
  type VerifiedManifest,
  type VerifiedPolicy,
} from "@antibody/policy";
import type { JournalRecord } from "../contract/output.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import { seenManifestsMax } from "../limits.ts";
import { RareMap } from "./rare.ts";
import { keep, recall } from "./snapshot.ts";

/** Manifests of one stream's epoch that are held no longer, by generation. */
interface SeenStream {
  readonly epoch: number;
  readonly manifests: Map<number, VerifiedManifest>;
}

interface DisputesDump {
  readonly seen: readonly (readonly [StreamKey, number, readonly VerifiedManifest[]])[];
  readonly found: readonly (readonly [StreamKey, Dispute])[];
}

type Versioned = VerifiedManifest | VerifiedFragment;

const disputePrefix = "dispute/";
const evidencePrefix = "evidence/";

/** A dispute that was found just now: what to write down, and the body that was seen before. */
export interface FoundDispute {
  readonly record: JournalRecord;
  readonly rival: VerifiedManifest;
}

/**
 * Remembers the newest manifests that were in force, or came too late to be: a second body of one of their versions is
 * an equivocation whenever it comes, also to an agent that has long gone on, and both can be shown to others. Only a
 * new epoch clears it.
 */
export class DisputeMemory {
  #seen: RareMap<StreamKey, SeenStream> = RareMap.of();
  #found: RareMap<StreamKey, Dispute> = RareMap.of();

  static restore(snapshot: Snapshot): DisputeMemory {
    const dump = recall<DisputesDump>(snapshot);
    const memory = new DisputeMemory();
    for (const [key, epoch, manifests] of dump.seen) {
      const seen = manifests.map((each) => [each.manifest.generation, each] as const);
      memory.#seen = memory.#seen.with(key, { epoch, manifests: new Map(seen) });
    }
    for (const [key, dispute] of dump.found) memory.#found = memory.#found.with(key, dispute);
    return memory;
  }

  dump(): Snapshot {
    const dump: DisputesDump = {
      seen: [...this.#seen].map(([key, { epoch, manifests }]) => [key, epoch, [...manifests.values()]]),
      found: [...this.#found],
    };
    return keep(dump);
  }

  /** What the journal holds. */
  read(records: readonly JournalRecord[], evidence: readonly VerifiedPolicy[]): void {
    for (const { key, value } of records) {
      if (!key.startsWith(disputePrefix)) continue;
      const { epoch, proof } = recall<Dispute>(value);
      this.#found = this.#found.with(key.slice(disputePrefix.length) as StreamKey, { epoch, proof });
    }
    for (const policy of evidence) if (policy.type === "manifest") this.#remember(policy);
  }

  /** The disputes that were found here, by stream. */
  found(): ReadonlyMap<string, Dispute> {
    return new Map(this.#found);
  }

  /** Whether a document is of a stream and epoch in dispute: it is evidence then, however old. */
  isDisputed(policy: VerifiedPolicy): boolean {
    if (!isVersioned(policy)) return false;
    return this.#found.get(keyOf(policy))?.epoch === headerOf(policy).epoch;
  }

  /** Whether a manifest is remembered. */
  knows(manifest: VerifiedManifest): boolean {
    return this.#seenBeside(manifest)?.id === manifest.id;
  }

  /** Finds that a document and a manifest that was seen before were both signed for one version. */
  find(policy: VerifiedPolicy): FoundDispute | undefined {
    if (!isVersioned(policy) || this.isDisputed(policy)) return undefined;
    const rival = this.#seenBeside(policy);
    if (rival === undefined || agrees(policy, rival)) return undefined;
    const key = keyOf(policy);
    const proof = [rival.id, policy.id].sort(compareText) as [FragmentId, FragmentId];
    const dispute: Dispute = { epoch: headerOf(policy).epoch, proof };
    this.#found = this.#found.with(key, dispute);
    return { record: { key: `${disputePrefix}${key}`, value: keep({ v: 1, ...dispute }) }, rival };
  }

  /** Remembers a manifest. Of each stream the newest `seenManifestsMax` are kept, the same ones everywhere. */
  remember(manifest: VerifiedManifest): readonly JournalRecord[] {
    const forgotten = this.#remember(manifest);
    if (forgotten.includes(manifest)) return [];
    return [{ key: `${evidencePrefix}${manifest.id}`, value: manifest.bytes }, ...forgotten.map(deletionOf)];
  }

  /** Forgets what is of epochs that an author has ended. */
  endEpochs(author: string, epoch: number): readonly JournalRecord[] {
    const records: JournalRecord[] = [];
    for (const [key, seen] of [...this.#seen]) {
      if (!key.startsWith(`${author}/`) || seen.epoch >= epoch) continue;
      records.push(...[...seen.manifests.values()].map(deletionOf));
      this.#seen.delete(key);
    }
    for (const [key, dispute] of [...this.#found]) {
      if (!key.startsWith(`${author}/`) || dispute.epoch >= epoch) continue;
      records.push({ key: `${disputePrefix}${key}`, value: null });
      this.#found.delete(key);
    }
    return records;
  }

  #seenBeside(policy: Versioned): VerifiedManifest | undefined {
    const { epoch, generation } = headerOf(policy);
    const seen = this.#seen.get(keyOf(policy));
    return seen?.epoch === epoch ? seen.manifests.get(generation) : undefined;
  }

  /** Returns what is remembered no longer. */
  #remember(policy: VerifiedManifest): readonly VerifiedManifest[] {
    const key = keyOf(policy);
    const { epoch, generation } = policy.manifest;
    const known = this.#seen.get(key);
    if (known !== undefined && known.epoch > epoch) return [policy];
    const isSame = known?.epoch === epoch;
    const seen = isSame ? known : { epoch, manifests: new Map<number, VerifiedManifest>() };
    this.#seen = this.#seen.with(key, seen);
    const forgotten = isSame ? [] : [...(known?.manifests.values() ?? [])];
    // The first one stands: the second is the rival.
    if (!seen.manifests.has(generation)) seen.manifests.set(generation, policy);
    while (seen.manifests.size > seenManifestsMax) {
      const lowest = Math.min(...seen.manifests.keys());
      const oldest = seen.manifests.get(lowest);
      seen.manifests.delete(lowest);
      if (oldest !== undefined) forgotten.push(oldest);
    }
    return forgotten;
  }
}

function deletionOf({ id }: VerifiedManifest): JournalRecord {
  return { key: `${evidencePrefix}${id}`, value: null };
}

/** An author signs one manifest for a version, and no fragment that it does not name. */
function agrees(policy: Versioned, manifest: VerifiedManifest): boolean {
  return policy.type === "manifest"
    ? policy.id === manifest.id
    : manifest.manifest.fragments.includes(policy.id);
}

function isVersioned(policy: VerifiedPolicy): policy is Versioned {
  return policy.type === "manifest" || policy.type === "fragment";
}

function headerOf(policy: Versioned) {
  return policy.type === "manifest" ? policy.manifest : policy.fragment;
}

function keyOf(policy: Versioned): StreamKey {
  return streamKey(policy.author, headerOf(policy).stream);
}
