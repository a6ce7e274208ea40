import type { Inspection, ResourceView } from "@antibody/core";
import { compareVersions, matchesAnyGlob, streamKey, type Version } from "@antibody/policy";
import type { Publishers } from "../scenarios/publishers.ts";
import type { SimAgent } from "../world/agent.ts";

/** What one agent was seen to hold of one stream. */
interface Seen {
  active: Version | undefined;
  held: Version | undefined;
}

/** Nothing unsigned, out of scope or rolled back is ever in force, and nothing accepted is lost. */
export class PolicyInvariants {
  readonly #publishers: Publishers;
  /** By agent and stream. */
  readonly #seen = new Map<string, Seen>();

  constructor(publishers: Publishers) {
    this.#publishers = publishers;
  }

  /** What does not hold at one agent, one line each. */
  look(
    agent: Pick<SimAgent, "index">,
    inspection: Pick<Inspection, "resources" | "streams">,
  ): readonly string[] {
    return [
      ...inspection.resources.flatMap((resource) => this.#lookAtResource(resource)),
      ...inspection.streams.flatMap((stream) => {
        const key = `${agent.index} ${streamKey(stream.author, stream.stream)}`;
        // An author who signed two bodies has none in force, on purpose.
        if (stream.held === "equivocation") return [];
        return this.#lookAtStream(key, stream.active?.version, newest(stream.active, stream.pending));
      }),
    ];
  }

  /** Power was lost: what was not in force yet may be gone. What was in force was synced before. */
  powerLost(agent: Pick<SimAgent, "index">): void {
    for (const [key, seen] of this.#seen) {
      if (key.startsWith(`${agent.index} `)) seen.held = seen.active;
    }
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

  #lookAtStream(key: string, active: Version | undefined, held: Version | undefined): readonly string[] {
    const seen = this.#seen.get(key) ?? { active: undefined, held: undefined };
    this.#seen.set(key, seen);
    const problems: string[] = [];
    if (isBelow(active, seen.active)) {
      problems.push(`rolled back: ${text(active)} is in force after ${text(seen.active)}`);
    } else seen.active = active;
    if (isBelow(held, seen.held)) problems.push(`lost: ${text(seen.held)} was held, now ${text(held)} is`);
    else seen.held = held;
    return problems;
  }
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
