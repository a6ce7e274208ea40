import { memberWire } from "@antibody/core";
import type { SimAgent } from "../../world/agent.ts";
import type { Hand } from "../hand.ts";

/** Statements told again at once. */
const replayedMax = 16;

/** Tells again what was true once, soundly signed by whom it is about; and keeps what is true now, for later. */
export function replayRumors(hand: Hand, agent: SimAgent): void {
  const members = hand.random.sample(hand.oldMembers, replayedMax);
  const deaths = hand.random.sample(hand.oldDeaths, replayedMax);
  if (members.length > 0) {
    const bytes = members.reduce((sum, { entry }) => sum + entry.length, 0);
    hand.gossip(agent, { type: "members", members }, bytes);
  }
  if (deaths.length > 0) {
    const bytes = deaths.reduce((sum, { votes }) => sum + votes.length * 200, 0);
    hand.gossip(agent, { type: "deaths", deaths }, bytes);
  }
  hand.send(agent, { type: "items", members, deaths, policy: [] });
  const victim = hand.victim();
  if (victim !== undefined) hand.keepMember(memberWire(hand.memberOf(victim)));
}
