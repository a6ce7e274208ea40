import { type MonotonicMs, NEVER } from "../../contract/time.ts";
import type { Settings } from "../../settings.ts";

/** How often an agent and one of its peers look at each other, and for how long it may go without any look. */
export interface Pace {
  readonly intervalMs: number;
  readonly quietMs: MonotonicMs;
}

/**
 * An agent looks ahead after so many times the mean between its looks. In a model of rings of 14 to 300 agents, one that
 * falls silent is then looked at after 0.8 s in the mean and 2.3 s in 99 of 100 cases, where chance alone would give 0.9 s
 * and 3.5 s, for no more probes.
 */
const unevenness = 1.25;

/** Those that were reckoned last, by whomever: the minds of a simulator have few. A guess of how many. */
const paces: Pace[] = [];
const pacesMax = 16;

/**
 * Observers share the duty: an agent and one of its peers look at each other once in as many looks as there are peers.
 * On the rings that is the same for everyone, however many of its observers fall together: between intervals that
 * differ, looks that were spread would drift together again. Whoever is out of reach looks at nobody.
 */
export function paceOf(
  observed: number,
  lost: number,
  isFullMesh: boolean,
  settings: Pick<Settings, "probeIntervalMs" | "lookIntervalMs" | "observerCount">,
): Pace {
  const { probeIntervalMs, lookIntervalMs, observerCount } = settings;
  const sharing = (isFullMesh ? observed : Math.max(observed, observerCount)) - lost;
  const intervalMs = Math.max(probeIntervalMs, sharing * lookIntervalMs);
  const reachable = observed - lost;
  // One peer alone is looked at once an interval anyway.
  const quietMs = reachable < 2 ? NEVER : Math.ceil((unevenness * intervalMs) / reachable);
  const known = paces.find((pace) => pace.intervalMs === intervalMs && pace.quietMs === quietMs);
  if (known !== undefined) return known;
  const pace: Pace = { intervalMs, quietMs };
  paces.push(pace);
  if (paces.length > pacesMax) paces.shift();
  return pace;
}
