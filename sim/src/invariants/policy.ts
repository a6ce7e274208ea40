import { type Inspection, RareMap, RareSet, type ResourceView } from "@antibody/core";
import { compareVersions, matchesAnyGlob, type StreamState, streamKey, type Version } from "@antibody/policy";
import type { Publishers } from "../scenarios/publishers.ts";
import type { SimAgent } from "../world/agent.ts";

/** What one agent was seen to hold of one stream. */
interface Seen {
  active: Version | undefined;
  held: Version | undefined;
  /** Generations that were on trial and have come to stay. */
  proven: RareSet<number>;
}

/** Nothing unsigned, out of scope or rolled back is ever in force, and nothing accepted is lost. */
export class PolicyInvariants {
  readonly #publishers: Publishers;
  /** By the index of the agent, by stream. */
  readonly #seen = new Map<number, RareMap<string, Seen>>();
  /** The keys of streams, each one text for all agents. */
  readonly #keys = new Map<string, string>();

  constructor(publishers: Publishers) {
    this.#publishers = publishers;
  }

  /** What does not hold at one agent, one line each. */
  look(
    agent: Pick<SimAgent, "index">,
    inspection: Pick<Inspection, "resources" | "streams">,
  ): readonly string[] {
    const streams = new Map<string, StreamState>(
      inspection.streams.map((stream) => [streamKey(stream.author, stream.stream), stream] as const),
    );
    // A stream that is not shown any more is held no more.
    const keys = new Set([...(this.#seen.get(agent.index)?.keys() ?? []), ...streams.keys()]);
    return [
      ...inspection.resources.flatMap((resource) => this.#lookAtResource(resource)),
      ...[...keys].flatMap((key) => lookAtStream(this.#seenOf(agent, key), streams.get(key))),
    ];
  }

  /** A generation on trial was undone: only what was never proven may be, and only if its author staged it. */
  rolledBack(agent: Pick<SimAgent, "index">, key: string, generation: number, isStaged: boolean): void {
    const seen = this.#seen.get(agent.index)?.get(key);
    const tried = seen?.active?.generation;
    if (seen === undefined || !isStaged || tried !== generation || seen.proven.has(generation)) return;
    seen.active = undefined;
  }

  /** A generation on trial has come to stay. */
  proven(agent: Pick<SimAgent, "index">, key: string, generation: number): void {
    const seen = this.#seenOf(agent, key);
    seen.proven = seen.proven.with(generation);
  }

  /** Power was lost: what was not in force yet may be gone. What was in force was synced before. */
  powerLost(agent: Pick<SimAgent, "index">): void {
    for (const seen of this.#seen.get(agent.index)?.values() ?? []) seen.held = seen.active;
  }

  #seenOf({ index }: Pick<SimAgent, "index">, key: string): Seen {
    const all = this.#seen.get(index) ?? RareMap.of<string, Seen>();
    const known = all.get(key);
    if (known !== undefined) return known;
    const seen: Seen = { active: undefined, held: undefined, proven: RareSet.of() };
    const shared = this.#keys.get(key) ?? key;
    this.#keys.set(shared, shared);
    this.#seen.set(index, all.with(shared, seen));
    return seen;
  }

  #lookAtResource({ resource, fragment, author }: ResourceView): readonly string[] {
    if (fragment === undefined) return [];
    const publisher = this.#publishers.by(author);
    if (publisher === undefined || !this.#publishers.hasSigned(author, fragment)) {
      return [`unsigned: ${resource} is in force by ${fragment}, which nobody here ever signed`];
    }
    if (matchesAnyGlob(publisher.grant.scope, resource)) return [];
    return [`out of scope: ${resource} is in force, the grant does not reach it`];
  }
}

function lookAtStream(seen: Seen, stream: StreamState | undefined): readonly string[] {
  // An author who signed two bodies has none in force, on purpose.
  if (stream?.held === "equivocation") return [];
  const active = stream?.active?.version;
  const held = newest(stream?.active, stream?.pending);
  const problems: string[] = [];
  if (isBelow(active, seen.active)) {
    problems.push(`rolled back: ${text(active)} is in force after ${text(seen.active)}`);
  } else seen.active = active;
  if (isBelow(held, seen.held)) problems.push(`lost: ${text(seen.held)} was held, now ${text(held)} is`);
  else seen.held = held;
  return problems;
}

function newest(
  active: { readonly version: Version } | undefined,
  pending: { readonly version: Version } | undefined,
): Version | undefined {
  if (pending === undefined || isBelow(pending.version, active?.version)) return active?.version;
  return pending.version;
}

/** Nothing is below everything, and not below nothing. */
function isBelow(left: Version | undefined, right: Version | undefined): boolean {
  if (right === undefined) return false;
  return left === undefined || compareVersions(left, right) < 0;
}

function text(version: Version | undefined): string {
  return version === undefined ? "nothing" : `generation ${version.epoch}.${version.generation}`;
}
