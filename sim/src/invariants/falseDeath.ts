import type { Inspection } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { SimAgent } from "../world/agent.ts";
import type { Truth } from "./truth.ts";

/** A peer that is alive and reachable may stay declared dead for this long, by the design. */
export const falseDeathMsMax = 5_000;

/**
 * No peer that is alive and reachable stays declared dead for longer than `falseDeathMsMax`. One line for each.
 * `declaredMs` says when the observer told that it holds a peer dead; −∞ where that is long ago.
 */
export function falseDeaths(
  observer: SimAgent,
  inspection: Pick<Inspection, "members">,
  agentOf: (id: AgentId) => SimAgent,
  declaredMs: (subject: SimAgent) => number,
  truth: Truth,
): readonly string[] {
  const problems: string[] = [];
  for (const [index, subject] of heldDead(inspection.members, agentOf).entries()) {
    if (subject === undefined || !truth.isAlive(subject) || !truth.isHonest(subject)) continue;
    const sinceMs = Math.max(declaredMs(subject), truth.joinedSinceMs(observer, subject));
    const forMs = truth.nowMs - sinceMs;
    if (forMs <= falseDeathMsMax) continue;
    problems.push(
      `${subject.name} is alive and reachable, and held dead for ${Math.round(forMs)} ms: ${inspection.members[index]?.why}`,
    );
  }
  return problems;
}

type Members = Inspection["members"];

/** Agents that hold the same ones dead show one list: it is gone through once. */
const heldDeadIn = new WeakMap<Members, readonly (SimAgent | undefined)[]>();

/** Who is held dead, each at the place of its view. */
function heldDead(members: Members, agentOf: (id: AgentId) => SimAgent): readonly (SimAgent | undefined)[] {
  const known = heldDeadIn.get(members);
  if (known !== undefined) return known;
  const held = members.map(({ agent, verdict }) => (verdict === "dead" ? agentOf(agent) : undefined));
  heldDeadIn.set(members, held);
  return held;
}
