import type { Inspection } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { SimAgent } from "../world/agent.ts";
import type { Truth } from "./truth.ts";

/** A peer that is alive and reachable may stay declared dead for this long, by the design. */
export const falseDeathMsMax = 5_000;

/** No peer that is alive and reachable stays declared dead for longer than `falseDeathMsMax`. One line for each. */
export function falseDeaths(
  observer: SimAgent,
  inspection: Inspection,
  agentOf: (id: AgentId) => SimAgent,
  truth: Truth,
): readonly string[] {
  const problems: string[] = [];
  for (const { agent: id, verdict, sinceMs, why } of inspection.members) {
    if (verdict !== "dead") continue;
    const subject = agentOf(id);
    if (!truth.isAlive(subject)) continue;
    const declaredMs = sinceMs - observer.clockOffsetMs;
    const forMs = truth.nowMs - Math.max(declaredMs, truth.joinedSinceMs(observer, subject));
    if (forMs <= falseDeathMsMax) continue;
    problems.push(
      `${subject.name} is alive and reachable, and held dead for ${Math.round(forMs)} ms: ${why}`,
    );
  }
  return problems;
}
