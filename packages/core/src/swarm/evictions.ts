import { type AgentId, compareText } from "@antibody/policy";
import type { Snapshot } from "../contract/snapshot.ts";
import type { VerifiedEviction } from "../contract/statements.ts";
import { evictionOf } from "../enrolment/belonging.ts";
import { RareMap } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import { evictionsMax, evictionsPerAgentMax } from "../limits.ts";

interface EvictionsDump {
  readonly held: readonly VerifiedEviction[];
}

/**
 * Every eviction of the swarm that was ever heard of: a set that only grows, so that nobody comes back by being
 * forgotten. A thief who signs without end fills it at most until its own inviter answers; and the recovery key's
 * evictions always find room.
 */
export class Evictions {
  readonly #byAgent = new RareMap<AgentId, readonly VerifiedEviction[]>();
  #size = 0;
  /** The exclusive or of all digests, as two words. */
  #high = 0;
  #low = 0;

  constructor(held: readonly VerifiedEviction[]) {
    for (const eviction of held) this.accept(eviction);
  }

  static restore(snapshot: Snapshot): Evictions {
    return new Evictions(recall<EvictionsDump>(snapshot).held);
  }

  dump(): Snapshot {
    const dump: EvictionsDump = { held: this.list() };
    return keep(dump);
  }

  get size(): number {
    return this.#size;
  }

  /** The digest of a directory (16 hex digits) and of this set together; the directory's own for the empty set. */
  mixInto(digest: string): string {
    if (this.#size === 0) return digest;
    return mixed(digest.slice(0, 8), this.#high) + mixed(digest.slice(8), this.#low);
  }

  /** Takes an eviction; false when it is held already, or there is no room. */
  accept(eviction: VerifiedEviction): boolean {
    const held = this.of(eviction.agent);
    if (held.some(({ digest }) => digest === eviction.digest)) return false;
    if (eviction.by !== "recovery" && held.length >= evictionsPerAgentMax) return false;
    if (this.#size >= evictionsMax) this.#dropMoot();
    if (eviction.by !== "recovery" && this.#size >= evictionsMax) return false;
    this.#put(eviction.agent, [...this.of(eviction.agent), eviction]);
    this.#toggle(eviction, 1);
    return true;
  }

  of(agent: AgentId): readonly VerifiedEviction[] {
    return this.#byAgent.get(agent) ?? [];
  }

  /** Why the last of a lineage is out, or undefined while it belongs to the swarm. */
  standing(lineage: readonly AgentId[]): VerifiedEviction | undefined {
    if (this.#size === 0) return undefined;
    return evictionOf(lineage, (agent) => this.of(agent));
  }

  /** All, in order of agents and digests. */
  list(): readonly VerifiedEviction[] {
    return [...this.#byAgent].sort(([left], [right]) => compareText(left, right)).flatMap(([, held]) => held);
  }

  /** Digests of all, sorted. */
  digests(): readonly string[] {
    return this.list()
      .map(({ digest }) => digest)
      .sort(compareText);
  }

  /** Those that have one of some digests. */
  withDigests(digests: readonly string[]): readonly VerifiedEviction[] {
    const wanted = new Set(digests);
    return this.list().filter(({ digest }) => wanted.has(digest));
  }

  /** Those that have none of some digests. */
  without(digests: readonly string[]): readonly VerifiedEviction[] {
    const known = new Set(digests);
    return this.list().filter(({ digest }) => !known.has(digest));
  }

  /** Of some digests those of which nothing is held. */
  lackedOf(digests: readonly string[]): readonly string[] {
    const held = new Set(this.digests());
    return digests.filter((digest) => !held.has(digest));
  }

  /** Drops what changes nothing: whoever is out has no say over others. */
  #dropMoot(): void {
    for (const eviction of this.list()) {
      const { agent, by, lineage } = eviction;
      if (by === "recovery" || by === agent) continue;
      if (this.standing(lineage.slice(0, lineage.indexOf(by) + 1)) === undefined) continue;
      this.#put(
        agent,
        this.of(agent).filter((held) => held !== eviction),
      );
      this.#toggle(eviction, -1);
    }
  }

  #put(agent: AgentId, evictions: readonly VerifiedEviction[]): void {
    const sorted = [...evictions].sort((left, right) => compareText(left.digest, right.digest));
    if (sorted.length === 0) this.#byAgent.delete(agent);
    else this.#byAgent.set(agent, sorted);
  }

  #toggle({ digest }: VerifiedEviction, count: 1 | -1): void {
    this.#size += count;
    this.#high ^= Number.parseInt(digest.slice(0, 8), 16);
    this.#low ^= Number.parseInt(digest.slice(8), 16);
  }
}

function mixed(hex: string, word: number): string {
  return ((Number.parseInt(hex, 16) ^ word) >>> 0).toString(16).padStart(8, "0");
}
