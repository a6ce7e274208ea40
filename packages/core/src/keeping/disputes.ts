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
import { seenBodiesMax } from "../limits.ts";
import { RareMap } from "./rare.ts";
import { keep, recall } from "./snapshot.ts";

/** Ids of the bodies of one generation by their names; the manifest has none. */
type Bodies = readonly (readonly [name: string, id: FragmentId])[];

/** Which bodies were seen of one stream's epoch. */
interface SeenStream {
  readonly epoch: number;
  readonly generations: Map<number, Map<string, FragmentId>>;
}

interface DisputesDump {
  readonly seen: readonly (readonly [StreamKey, number, readonly (readonly [number, Bodies])[]])[];
  readonly found: readonly (readonly [StreamKey, Dispute])[];
}

type Versioned = VerifiedManifest | VerifiedFragment;

const seenPrefix = "seen/";
const disputePrefix = "dispute/";

/**
 * Remembers, by their ids, the bodies of versions that were in force and are held no longer: a second body of one of
 * them is an equivocation whenever it comes, also to an agent that has long gone on. Only a new epoch clears it.
 */
export class DisputeMemory {
  readonly #seen = new RareMap<StreamKey, SeenStream>();
  readonly #found = new RareMap<StreamKey, Dispute>();

  static restore(snapshot: Snapshot): DisputeMemory {
    const dump = recall<DisputesDump>(snapshot);
    const memory = new DisputeMemory();
    for (const [key, epoch, generations] of dump.seen) {
      const seen = generations.map(([generation, bodies]) => [generation, new Map(bodies)] as const);
      memory.#seen.set(key, { epoch, generations: new Map(seen) });
    }
    for (const [key, dispute] of dump.found) memory.#found.set(key, dispute);
    return memory;
  }

  dump(): Snapshot {
    const dump: DisputesDump = {
      seen: [...this.#seen].map(([key, { epoch, generations }]) => [
        key,
        epoch,
        [...generations].map(([generation, bodies]) => [generation, [...bodies]]),
      ]),
      found: [...this.#found],
    };
    return keep(dump);
  }

  /** What the journal holds. */
  read(records: readonly JournalRecord[]): void {
    for (const { key, value } of records) {
      if (key.startsWith(disputePrefix)) {
        const { epoch, proof } = recall<Dispute>(value);
        this.#found.set(key.slice(disputePrefix.length) as StreamKey, { epoch, proof });
      } else if (key.startsWith(seenPrefix)) {
        const slash = key.lastIndexOf("/");
        const stream = key.slice(seenPrefix.length, slash) as StreamKey;
        const { epoch, bodies } = recall<{ epoch: number; bodies: Bodies }>(value);
        this.#remember(stream, epoch, Number(key.slice(slash + 1)), bodies);
      }
    }
  }

  /** The disputes that were found here, by stream. */
  found(): ReadonlyMap<string, Dispute> {
    return new Map(this.#found);
  }

  /** Whether a document is of a stream and epoch in dispute: it is evidence then, however old. */
  isDisputed(policy: VerifiedPolicy): boolean {
    return isVersioned(policy) && this.#found.get(keyOf(policy))?.epoch === epochOf(policy);
  }

  /** The other body of a document's version that was seen before, or undefined. */
  rivalOf(policy: VerifiedPolicy): FragmentId | undefined {
    if (!isVersioned(policy)) return undefined;
    const seen = this.#seen.get(keyOf(policy));
    if (seen?.epoch !== epochOf(policy)) return undefined;
    const id = seen.generations.get(generationOf(policy))?.get(nameOf(policy));
    return id === policy.id ? undefined : id;
  }

  /** Whether this body, or another of its version, was seen before. */
  knows(policy: VerifiedPolicy): boolean {
    if (!isVersioned(policy)) return true;
    const seen = this.#seen.get(keyOf(policy));
    return (
      seen?.epoch === epochOf(policy) &&
      seen.generations.get(generationOf(policy))?.has(nameOf(policy)) === true
    );
  }

  /** Remembers the bodies of one version, in one record. */
  remember(policies: readonly VerifiedPolicy[]): readonly JournalRecord[] {
    const versioned = policies.filter(isVersioned);
    const [first] = versioned;
    if (first === undefined) return [];
    const key = keyOf(first);
    const generation = generationOf(first);
    const forgotten = this.#remember(
      key,
      epochOf(first),
      generation,
      versioned.map((policy) => [nameOf(policy), policy.id]),
    );
    const bodies = [...(this.#seen.get(key)?.generations.get(generation) ?? [])];
    return [
      { key: `${seenPrefix}${key}/${generation}`, value: keep({ v: 1, epoch: epochOf(first), bodies }) },
      ...forgotten.map((old) => ({ key: `${seenPrefix}${key}/${old}`, value: null })),
    ];
  }

  /** Notes that a document and another body of its version were both signed. */
  note(policy: VerifiedPolicy, rival: FragmentId): JournalRecord | undefined {
    if (!isVersioned(policy)) return undefined;
    const key = keyOf(policy);
    const proof = [rival, policy.id].sort(compareText) as [FragmentId, FragmentId];
    const dispute: Dispute = { epoch: epochOf(policy), proof };
    this.#found.set(key, dispute);
    return { key: `${disputePrefix}${key}`, value: keep({ v: 1, ...dispute }) };
  }

  /** Forgets what is of epochs that an author has ended. */
  endEpochs(author: string, epoch: number): readonly JournalRecord[] {
    const records: JournalRecord[] = [];
    for (const [key, seen] of [...this.#seen]) {
      if (!key.startsWith(`${author}/`) || seen.epoch >= epoch) continue;
      for (const generation of seen.generations.keys())
        records.push({ key: `${seenPrefix}${key}/${generation}`, value: null });
      this.#seen.delete(key);
    }
    for (const [key, dispute] of [...this.#found]) {
      if (!key.startsWith(`${author}/`) || dispute.epoch >= epoch) continue;
      records.push({ key: `${disputePrefix}${key}`, value: null });
      this.#found.delete(key);
    }
    return records;
  }

  /** Returns the generations that were forgotten for want of room: the lowest, which are the oldest. */
  #remember(key: StreamKey, epoch: number, generation: number, bodies: Bodies): readonly number[] {
    const known = this.#seen.get(key);
    if (known !== undefined && known.epoch > epoch) return [];
    const seen =
      known?.epoch === epoch ? known : { epoch, generations: new Map<number, Map<string, FragmentId>>() };
    this.#seen.set(key, seen);
    const named = seen.generations.get(generation) ?? new Map<string, FragmentId>();
    seen.generations.set(generation, named);
    // The first one stands: the second is the rival.
    for (const [name, id] of bodies) if (!named.has(name)) named.set(name, id);
    const forgotten: number[] = [];
    while (seen.generations.size > 1 && sizeOf(seen) > seenBodiesMax) {
      const lowest = Math.min(...seen.generations.keys());
      seen.generations.delete(lowest);
      forgotten.push(lowest);
    }
    return forgotten;
  }
}

function sizeOf({ generations }: SeenStream): number {
  let size = 0;
  for (const bodies of generations.values()) size += bodies.size;
  return size;
}

function isVersioned(policy: VerifiedPolicy): policy is Versioned {
  return policy.type === "manifest" || policy.type === "fragment";
}

function keyOf(policy: Versioned): StreamKey {
  return streamKey(policy.author, (policy.type === "manifest" ? policy.manifest : policy.fragment).stream);
}

function epochOf(policy: Versioned): number {
  return (policy.type === "manifest" ? policy.manifest : policy.fragment).epoch;
}

function generationOf(policy: Versioned): number {
  return (policy.type === "manifest" ? policy.manifest : policy.fragment).generation;
}

/** A fragment's name is never empty. */
function nameOf(policy: Versioned): string {
  return policy.type === "manifest" ? "" : policy.fragment.name;
}
