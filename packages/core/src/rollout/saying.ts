import { type Staging, stageDetailCharactersMax } from "@antibody/policy";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import type { CountedReport } from "./gates.ts";
import type { DueReport, Stage } from "./stage.ts";

/** Up to so many members say it at once: their reports are a picture of everyone. A guess. */
const fewMembersMax = 16;
/** In a larger swarm those who have the same to say spread over so long: who is late leaves it to the others. A guess. */
const spreadMs = 2_000;
/** So many that say the same of one wave are enough, if the rollout does not ask for more. A guess. */
const enoughReports = 16;

/** Something that this agent has to say soon; when exactly is drawn by `dueAt`. */
export function saying(stage: Stage, finding: DueReport["finding"], detail: string): DueReport | undefined {
  if (stage.said.includes(finding)) return undefined;
  return { finding, detail: detail.normalize("NFC").slice(0, stageDetailCharactersMax), atMs: NEVER };
}

/** When it is time to say it. */
export function dueAt(stage: Stage, memberCount: number, turn: Turn): MonotonicMs {
  const isAlone = memberCount <= fewMembersMax || stage.due?.finding === "switched";
  return turn.now.monoMs + (isAlone ? 0 : turn.random.below(spreadMs));
}

/**
 * Whether others have said it often enough: a rollout counts to a number, and a thousand reports would be a million
 * messages. Who is ready, and who has switched, all say: the author waits for them, and the skew is between them.
 */
export function isSaidEnough(
  { wave }: Stage,
  { rollout }: Staging,
  finding: DueReport["finding"],
  reports: readonly CountedReport[],
): boolean {
  if (rollout === undefined || finding === "ready" || finding === "switched") return false;
  const wanted = finding === "healthy" ? (rollout.waves[wave]?.reportersMin ?? 0) : rollout.failuresMax;
  const said = reports.filter((report) => report.wave === wave && report.finding === finding).length;
  return said >= Math.max(wanted, enoughReports);
}
