import type { AgentId } from "@antibody/policy";
import type { OverlayMember, Verdict } from "../contract/inspection.ts";
import type { SwarmParts } from "./parts.ts";

/**
 * Who observes whom, as this agent knows it: from its directory and the roster, by the rule that it observes by.
 * Members in the order of the first ring, this agent first: neighbors in the list are neighbors there.
 */
export function overlayOf(
  parts: Pick<SwarmParts, "agent" | "directory" | "observers"> & {
    readonly links: Pick<SwarmParts["links"], "has">;
  },
  verdictOf: (peer: AgentId) => Verdict,
): readonly OverlayMember[] {
  const { agent: own, directory, links, observers } = parts;
  const { roster } = directory;
  const members: OverlayMember[] = [];
  const first = roster.slotOf(own);
  for (let slot = first, isFirst = true; slot !== undefined && (isFirst || slot !== first); isFirst = false) {
    const agent = roster.agentAt(slot);
    const member = directory.get(agent);
    if (member !== undefined) {
      const standing = directory.standingOf(agent);
      members.push({
        agent,
        name: member.certificate.certificate.name,
        verdict: agent === own ? "reachable" : verdictOf(agent),
        connected: links.has(agent),
        // Who said goodbye is not missed.
        observers: standing === "left" || standing === "away" ? [] : observers.listFor(agent),
      });
    }
    slot = roster.neighbor(0, slot, 1);
  }
  return members;
}
