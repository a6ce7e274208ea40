import { type AgentId, type Crypto, compareText, toHex, utf8 } from "@antibody/policy";
import type { RouteView } from "../contract/inspection.ts";
import type { MonotonicMs } from "../contract/time.ts";
import { routeBackendsMax } from "../limits.ts";

/** A backend that failed lately. Replaced, never changed. */
export interface Outlier {
  readonly agent: AgentId;
  /** In a row. */
  readonly failures: number;
  /** In a row: each one lasts longer than the one before. */
  readonly ejections: number;
  /** Ejected until then; undefined while it is used. */
  readonly untilMs: MonotonicMs | undefined;
}

/**
 * Candidates in the order in which this agent prefers them: itself, then by rendezvous hash of the pair, so that
 * each agent prefers other peers and load spreads without anyone saying so (Thaler and Ravishankar, 1998).
 */
export function inPreference(
  agent: AgentId,
  candidates: readonly AgentId[],
  rankOf: (backend: AgentId) => string,
): readonly AgentId[] {
  return [...new Set(candidates)].sort((left, right) => {
    if (left === agent || right === agent) return left === right ? 0 : left === agent ? -1 : 1;
    return compareText(rankOf(left), rankOf(right)) || compareText(left, right);
  });
}

/** The rendezvous rank of a backend as this agent sees it: lower is preferred. */
export function rendezvousRank(crypto: Pick<Crypto, "sha256">, agent: AgentId, backend: AgentId): string {
  return toHex(crypto.sha256(utf8(`${agent}\n${backend}`)));
}

/** What a route uses: those that are not ejected; all of them, when none is left: one that may work beats none. */
export function usable(
  preferred: readonly AgentId[],
  outliers: ReadonlyMap<AgentId, Outlier>,
): readonly AgentId[] {
  const ready = preferred.filter((agent) => outliers.get(agent)?.untilMs === undefined);
  return (ready.length > 0 ? ready : preferred).slice(0, routeBackendsMax);
}

/** The backends of a route, for people. */
export function backendViews(
  own: AgentId,
  preferred: readonly AgentId[],
  outliers: ReadonlyMap<AgentId, Outlier>,
): RouteView["backends"] {
  const allEjected = preferred.every((agent) => outliers.get(agent)?.untilMs !== undefined);
  return preferred.slice(0, routeBackendsMax).map((agent) => {
    const outlier = outliers.get(agent);
    if (outlier?.untilMs === undefined) {
      return { agent, state: "ready", why: agent === own ? "this agent itself" : "reachable and announced" };
    }
    const used = allEjected ? "; used all the same, since all are ejected" : "";
    return { agent, state: "ejected", why: `${outlier.failures} failures in a row${used}` };
  });
}
