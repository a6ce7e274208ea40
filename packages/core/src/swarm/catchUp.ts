import type { AgentId } from "@antibody/policy";
import type { Incarnation, Member } from "../contract/statements.ts";
import type { Turn } from "../contract/turn.ts";
import { compareIncarnation } from "../enrolment/incarnation.ts";

/**
 * A statement about a member came from a peer. Where it is about an older incarnation than the one held, the peer
 * gets the newer entry: the statement was refuted already. Where it is about a newer one, that entry is asked for.
 * Returns how the incarnation of the statement compares to the one held.
 */
export function catchUp(incarnation: Incarnation, member: Member, from: AgentId, turn: Turn): -1 | 0 | 1 {
  const order = compareIncarnation(incarnation, member.entry.entry.incarnation);
  if (order < 0) {
    const message = { type: "items", members: [member], deaths: [], policy: [] } as const;
    turn.emit({ type: "send", to: from, message });
  }
  if (order > 0) {
    const message = { type: "want", members: [member.certificate.agent], policy: [] } as const;
    turn.emit({ type: "send", to: from, message });
  }
  return order;
}
