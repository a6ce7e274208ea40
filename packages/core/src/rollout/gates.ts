import type { AgentId, Directive, Report, Staging, Wave } from "@antibody/policy";

/** A report with what was found out when it came: the wave that its member is in. */
export interface CountedReport {
  readonly agent: AgentId;
  readonly wave: number;
  readonly finding: Report["finding"];
}

/** Where one wave stands, by what its members said. */
interface WaveStanding extends Wave {
  /** Members of this wave that say it is well, and not also that it failed. */
  readonly healthy: number;
  readonly failed: number;
  readonly isOpen: boolean;
}

/** Where one generation stands: a pure function of what author and members have said. */
export interface Standing {
  readonly waves: readonly WaveStanding[];
  /** The last wave that may take the generation up, from 0. */
  readonly lastOpen: number;
  /** Why no further device takes it up; undefined while some may. */
  readonly halted: string | undefined;
  /** With a barrier: members that wait for the author's word, and the word. */
  readonly ready: number;
  readonly word: "none" | "commit" | "abort";
}

/** What a generation without a rollout is: one wave of everybody that waits for nobody. */
const everybody: readonly Wave[] = [{ percent: 100, reportersMin: 0 }];

/**
 * Counts what was said. Silence is not success: a wave begins when enough members of each wave before it said that
 * the generation is well with them, or when the author says so. Enough failures among the waves that have begun, or
 * the author's word, halt it for good. A commit stands against everything said after it: somebody may have obeyed.
 */
export function standingOf(
  staging: Staging,
  directives: readonly Pick<Directive, "verb" | "wave" | "reason">[],
  reports: readonly CountedReport[],
): Standing {
  const plan = staging.rollout?.waves ?? everybody;
  const failed = new Set(reports.filter(({ finding }) => finding === "failed").map(({ agent }) => agent));
  const healthy = plan.map(() => new Set<AgentId>());
  for (const { agent, wave, finding } of reports) {
    if (finding === "healthy" && !failed.has(agent)) healthy[wave]?.add(agent);
  }
  const lastOpen = lastOpenWave(plan, healthy, directives);
  const failures = plan.map(() => 0);
  const counted = new Set<AgentId>();
  for (const { agent, wave, finding } of reports) {
    if (finding !== "failed" || counted.has(agent)) continue;
    counted.add(agent);
    failures[wave] = (failures[wave] ?? 0) + 1;
  }
  const word = directives.some(({ verb }) => verb === "commit")
    ? "commit"
    : directives.some(({ verb }) => verb === "abort")
      ? "abort"
      : "none";
  const openFailures = failures.slice(0, lastOpen + 1).reduce((sum, count) => sum + count, 0);
  return {
    waves: plan.map((wave, index) => ({
      ...wave,
      healthy: healthy[index]?.size ?? 0,
      failed: failures[index] ?? 0,
      isOpen: index <= lastOpen,
    })),
    lastOpen,
    halted: haltedBecause(staging, directives, openFailures, word),
    ready: new Set(reports.filter(({ finding }) => finding === "ready").map(({ agent }) => agent)).size,
    word,
  };
}

function lastOpenWave(
  plan: readonly Wave[],
  healthy: readonly ReadonlySet<AgentId>[],
  directives: readonly Pick<Directive, "verb" | "wave">[],
): number {
  let open = 0;
  while (open < plan.length - 1 && (healthy[open]?.size ?? 0) >= (plan[open]?.reportersMin ?? 0)) open += 1;
  for (const { verb, wave } of directives) {
    if (verb === "advance" && wave !== undefined) open = Math.max(open, Math.min(wave, plan.length - 1));
  }
  return open;
}

function haltedBecause(
  { rollout }: Staging,
  directives: readonly Pick<Directive, "verb" | "reason">[],
  failures: number,
  word: Standing["word"],
): string | undefined {
  if (word === "commit") return undefined;
  if (word === "abort") return "its author called it off";
  const halt = directives.find(({ verb }) => verb === "halt");
  if (halt !== undefined) return halt.reason === "" ? "its author halted it" : `its author: ${halt.reason}`;
  if (rollout === undefined || failures < rollout.failuresMax) return undefined;
  return `it failed on ${failures} ${failures === 1 ? "device" : "devices"}`;
}
