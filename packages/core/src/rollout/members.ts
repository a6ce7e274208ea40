import type { AgentId, ReportingMember } from "@antibody/policy";
import type { Knowledge } from "../contract/knowledge.ts";

/** Whose reports can be verified: everyone whose certificate is held. */
export function reportingMembers(
  knowledge: Pick<Knowledge, "certificateOf">,
): (agent: AgentId) => ReportingMember | undefined {
  return (agent) => {
    const certificate = knowledge.certificateOf(agent);
    if (certificate === undefined) return undefined;
    return { swarm: certificate.certificate.swarm, publicKey: certificate.publicKey };
  };
}
