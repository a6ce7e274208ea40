import type { Snapshot } from "../contract/snapshot.ts";
import { refusedIdsMax } from "../limits.ts";
import { RareSet } from "./rare.ts";
import { keep, recall } from "./snapshot.ts";

interface RefusedDump {
  readonly outdated: readonly string[];
  readonly crowdedOut: readonly string[];
}

/** Ids that were offered and are not asked for again: the outdated never, those without room until there is some. */
export class RefusedIds {
  /** Oldest first, both. */
  #outdated: RareSet<string> = RareSet.of();
  #crowdedOut: RareSet<string> = RareSet.of();

  static restore(snapshot: Snapshot): RefusedIds {
    const dump = recall<RefusedDump>(snapshot);
    const refused = new RefusedIds();
    for (const id of dump.outdated) refused.#outdated = refused.#outdated.with(id);
    for (const id of dump.crowdedOut) refused.#crowdedOut = refused.#crowdedOut.with(id);
    return refused;
  }

  dump(): Snapshot {
    const dump: RefusedDump = { outdated: [...this.#outdated], crowdedOut: [...this.#crowdedOut] };
    return keep(dump);
  }

  /** The larger of the two kinds: each has the bound. */
  get size(): number {
    return Math.max(this.#outdated.size, this.#crowdedOut.size);
  }

  has(id: string): boolean {
    return this.#outdated.has(id) || this.#crowdedOut.has(id);
  }

  outdated(id: string): void {
    this.#outdated = remember(this.#outdated, id);
  }

  crowdedOut(id: string): void {
    this.#crowdedOut = remember(this.#crowdedOut, id);
  }

  /** What was old is evidence now: it is asked for again. */
  evidenceWanted(): void {
    this.#outdated.clear();
  }

  /** Something went, or the owner decided anew. */
  roomMade(): void {
    this.#crowdedOut.clear();
  }
}

function remember(ids: RareSet<string>, id: string): RareSet<string> {
  const remembered = ids.with(id);
  if (remembered.size <= refusedIdsMax) return remembered;
  const [oldest] = remembered;
  if (oldest !== undefined) remembered.delete(oldest);
  return remembered;
}
