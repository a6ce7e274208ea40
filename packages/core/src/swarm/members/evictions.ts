import { type AgentId, compareText } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { VerifiedEviction } from "../../contract/statements.ts";
import { evictionOf, rankOf } from "../../enrolment/belonging.ts";
import { RareMap } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import { evictionsMax, evictionsPerAgentMax } from "../../limits.ts";

interface EvictionsDump {
  readonly held: readonly VerifiedEviction[];
}

/**
 * The evictions of the swarm that were ever heard of, so that nobody comes back by being forgotten. Where there are
 * more than there is room for, those of the highest signers stay, whatever the order in which they came: a thief who
 * signs without end keeps no answer out, and all agents come to hold the same. The recovery key's always find room.
 */
export class Evictions {
  #byAgent: RareMap<AgentId, readonly VerifiedEviction[]> = RareMap.of();
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
    const { agent, by, digest } = eviction;
    if (this.of(agent).some((held) => held.digest === digest)) return false;
    if (by !== "recovery") {
      if (!makesRoom(eviction, this.of(agent), evictionsPerAgentMax, (held) => this.#drop(held)))
        return false;
      if (this.#size >= evictionsMax) this.#dropMoot();
      if (this.#size >= evictionsMax) {
        const all = [...this.#byAgent.values()].flat();
        if (!makesRoom(eviction, all, evictionsMax, (held) => this.#drop(held))) return false;
      }
    }
    this.#put(agent, [...this.of(agent), eviction]);
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
      this.#drop(eviction);
    }
  }

  #drop(eviction: VerifiedEviction): void {
    const { agent } = eviction;
    this.#put(
      agent,
      this.of(agent).filter((held) => held !== eviction),
    );
    this.#toggle(eviction, -1);
  }

  #put(agent: AgentId, evictions: readonly VerifiedEviction[]): void {
    const sorted = [...evictions].sort((left, right) => compareText(left.digest, right.digest));
    if (sorted.length === 0) this.#byAgent.delete(agent);
    else this.#byAgent = this.#byAgent.with(agent, sorted);
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

/** Whether one of some evictions leaves so that another finds room: the lowest signer's, if it is below the other's. */
function makesRoom(
  eviction: VerifiedEviction,
  held: readonly VerifiedEviction[],
  max: number,
  drop: (lowest: VerifiedEviction) => void,
): boolean {
  const signed = held.filter(({ by }) => by !== "recovery");
  const [first, ...rest] = signed;
  if (first === undefined || signed.length < max) return true;
  const lowest = rest.reduce((low, other) => (isAbove(low, other) ? other : low), first);
  if (!isAbove(eviction, lowest)) return false;
  drop(lowest);
  return true;
}

/** A total order, so that what is held does not depend on what came first. */
function isAbove(left: VerifiedEviction, right: VerifiedEviction): boolean {
  const difference = rankOf(left) - rankOf(right);
  return difference < 0 || (difference === 0 && compareText(left.digest, right.digest) < 0);
}
