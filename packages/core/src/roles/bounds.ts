import type { Settings } from "../settings.ts";
import { patientDials } from "../swarm/observing/attempts.ts";
import { bindingMs, type Terms } from "./lease/terms.ts";

/** Until a new word of a peer is with the others, and a quick workload started or stopped. A guess: seconds of a busy Pi. */
const roleNewsMs = 1_500;

/**
 * How long nobody may hold a role while a candidate lives that the others reach: the silence is found (a probe is due,
 * stays unanswered, directly, through others and afresh), and the next candidate may just have been started. Of a
 * healthy observer; what is closed or refused is found sooner. A workload that starts slowly takes its time on top.
 */
export function takeoverMs(settings: Settings): number {
  const { probeIntervalMs, probeTimeoutMs, indirectTimeoutMs, freshTimeoutMs, roleSettleMs } = settings;
  const foundMs = probeIntervalMs + probeTimeoutMs + indirectTimeoutMs + freshTimeoutMs;
  return foundMs + roleSettleMs + roleNewsMs;
}

/**
 * How long too many may hold a role from when all who hold it run and reach each other: they dial each other again,
 * digests show what each has missed, and the least favored yields. A workload that stops slowly takes its
 * `stopTimeout` on top.
 */
export function overlapMs(settings: Settings): number {
  const { redialMaxMs, freshTimeoutMs, probeIntervalMs, roleYieldMs } = settings;
  return redialMaxMs + patientDials * freshTimeoutMs + probeIntervalMs + roleYieldMs + roleNewsMs;
}

/**
 * How long nobody may hold a leased role while most of its members run and reach each other: the votes for the last
 * holder run out, and the members that are left ask in turn. Two that ask at once may cost each other a round; three
 * such rounds are reckoned with.
 */
export function leaseTakeoverMs(terms: Terms, { leaseStaggerMs, leaseAnswerMs }: Settings): number {
  const { length } = terms.members;
  return bindingMs(terms) + leaseStaggerMs * (length + 1) + 3 * leaseAnswerMs * (length + 1) + roleNewsMs;
}
