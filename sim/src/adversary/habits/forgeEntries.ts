import { type Entry, type Incarnation, sealEntry } from "@antibody/core";
import type { SimAgent } from "../../world/agent.ts";
import type { Hand } from "../hand.ts";

/** Says in the name of an honest member that it has left, in an incarnation of its future, signed with its own key. */
export function forgeEntries(hand: Hand, agent: SimAgent): void {
  const victim = hand.victim();
  if (victim === undefined) return;
  const member = hand.memberOf(victim);
  const { entry } = member.entry;
  const [serial, boot, n] = entry.incarnation;
  const incarnation: Incarnation = [serial, boot, n + 1];
  const forged: Entry = { ...entry, incarnation, status: "left" };
  const bytes = sealEntry(forged, agent.signer);
  const wire = { chain: member.certificate.chain, entry: bytes };
  hand.gossip(agent, { type: "members", members: [wire] }, bytes.length);
  hand.send(agent, { type: "items", members: [wire], deaths: [], policy: [] });
}
