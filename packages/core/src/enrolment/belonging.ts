import type { AgentId } from "@antibody/policy";
import type { VerifiedEviction } from "../contract/statements.ts";

/** The evictions held of one agent. */
export type EvictionsOf = (agent: AgentId) => readonly VerifiedEviction[];

/**
 * The eviction because of which the last of a lineage is out, or undefined while it belongs to the swarm. A function of
 * the set of evictions alone: the order in which they came decides nothing.
 *
 * A member is out when it is evicted itself, or when someone above it is and neither it nor anyone between is kept. An
 * eviction says nothing about whom a higher one keeps: so a stolen inviter's key cannot take the swarm apart once the
 * inviter's own inviter has answered. Of several evictions of one member the highest signer's alone say whom it keeps:
 * so a thief cannot let anyone in by a last word on itself.
 */
export function evictionOf(
  lineage: readonly AgentId[],
  evictionsOf: EvictionsOf,
): VerifiedEviction | undefined {
  for (const [place, agent] of lineage.entries()) {
    const counting = evictionsOf(agent).filter((eviction) =>
      counts(eviction, lineage.slice(0, place + 1), evictionsOf),
    );
    const highestRank = Math.min(...counting.map(rankOf));
    const highest = counting.filter((eviction) => rankOf(eviction) === highestRank);
    const below = lineage.slice(place + 1);
    if (highest.length > 0 && !highest.some((eviction) => keepsAny(eviction, below))) return highest[0];
  }
  return undefined;
}

/** How far below the recovery key the signer of an eviction stands: a lower rank says more. */
export function rankOf({ by, lineage }: VerifiedEviction): number {
  return by === "recovery" ? -1 : lineage.indexOf(by);
}

/** Whether an eviction of the last of a lineage counts: nobody above its signer has kept the evicted from it. */
function counts(eviction: VerifiedEviction, lineage: readonly AgentId[], evictionsOf: EvictionsOf): boolean {
  const { by } = eviction;
  if (by === "recovery") return true;
  const place = lineage.indexOf(by);
  const below = lineage.slice(place + 1);
  return !evictionsOf(by).some(
    (higher) => keepsAny(higher, below) && counts(higher, lineage.slice(0, place + 1), evictionsOf),
  );
}

function keepsAny({ keeps }: VerifiedEviction, agents: readonly AgentId[]): boolean {
  return agents.some((agent) => keeps.includes(agent));
}
