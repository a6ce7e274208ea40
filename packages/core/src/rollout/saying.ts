import {
  type AgentId,
  type PromiseInForce,
  type Report,
  type Staging,
  type SwarmId,
  stageDetailCharactersMax,
  type VerifiedManifest,
} from "@antibody/policy";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import type { CountedReport } from "./gates.ts";
import { healthOf, isClaimOf } from "./judging.ts";
import { isActive, isComplete } from "./moving.ts";
import type { StagePorts } from "./ports.ts";
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
function dueAt(stage: Stage, memberCount: number, turn: Turn): MonotonicMs {
  const isAlone = memberCount <= fewMembersMax || stage.due?.finding === "switched";
  return turn.now.monoMs + (isAlone ? 0 : turn.random.below(spreadMs));
}

/**
 * Whether others have said it often enough: a rollout counts to a number, and a thousand reports would be a million
 * messages. Who is ready, and who has switched, all say: the author waits for them, and the skew is between them.
 */
function isSaidEnough(
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

/** In whose name is spoken. */
export interface Speaker {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
}

/** What there is to be said of it, and whether it is time. */
export function say(
  stage: Stage,
  manifest: VerifiedManifest,
  reports: readonly CountedReport[],
  { agent, swarm }: Speaker,
  ports: StagePorts,
  turn: Turn,
): Stage {
  const { staging } = manifest.manifest;
  if (staging === undefined || ports.swarm.isOut) return stage;
  const due = stage.due ?? nextWord(stage, manifest, ports, turn);
  if (due === undefined) return stage;
  const isHeld = reports.some((held) => held.agent === agent && held.finding === due.finding);
  if (isHeld || stage.said.includes(due.finding)) return { ...stage, due: undefined };
  const timed = {
    ...due,
    atMs: due.atMs === NEVER ? dueAt(stage, ports.swarm.memberCount, turn) : due.atMs,
  };
  if (timed.atMs > turn.now.monoMs) return { ...stage, due: timed };
  const said = { ...stage, due: undefined, said: [...stage.said, due.finding] };
  if (isSaidEnough(stage, staging, due.finding, reports)) return said;
  const { author, stream, version } = stage;
  const statement: Report = {
    v: 1,
    type: "report",
    swarm,
    agent,
    author,
    stream,
    ...version,
    manifest: manifest.id,
    finding: due.finding,
    detail: due.detail,
  };
  turn.emit({ type: "sign", statement });
  return said;
}

/** What a generation's state makes this agent say, where nothing else is due. */
function nextWord(
  stage: Stage,
  manifest: VerifiedManifest,
  { policy, device }: StagePorts,
  turn: Turn,
): Stage["due"] {
  const { staging, fragments } = manifest.manifest;
  if (staging?.rollout === undefined && staging?.barrier === undefined) return undefined;
  if (stage.state === "proven" && !stage.said.includes("healthy") && isActive(policy.current, stage)) {
    const isOf = isClaimOf(stage);
    const counts = (claim: PromiseInForce): boolean => isOf(claim) && !stage.excused.includes(claim.resource);
    const health = healthOf(policy.current, counts, device);
    // Who keeps nothing of it has nothing to show.
    const isShown = health.type === "kept" && (health.enforced > 0 || fragments.length === 0);
    return isShown ? saying(stage, "healthy", "") : undefined;
  }
  const { barrier } = staging;
  if (barrier === undefined || stage.state !== "waiting" || stage.gate === "blocked") return undefined;
  const isLate = turn.now.monoMs - stage.seenMs > barrier.readyWithinMs;
  const isReady = isComplete(policy.current, stage) && stage.wave <= stage.lastOpen;
  return isReady && !isLate ? saying(stage, "ready", "") : undefined;
}
