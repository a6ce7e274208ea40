import type { HealthRumor } from "@antibody/core";
import { Gossip } from "../../sim/src/gossip/gossip.ts";
import type { GossipContent } from "../../sim/src/gossip/message.ts";
import type { CrowdTools, Lane } from "./crowd.ts";

/** The simulator's model of gossipsub. */
export function makeModelLane(tools: CrowdTools): Lane {
  const { plan, network, queue, random } = tools;
  const numbers = new Map<GossipContent, number>();
  const hosts = {
    lifeOf: () => 1,
    heard: (agent: number, _from: number, content: GossipContent) => {
      tools.heard(agent, numbers.get(content) as number);
      return true;
    },
  };
  const gossip = new Gossip(plan.agents, network, queue, hosts, random);
  return {
    start: () => undefined,
    opened: (agent, peer, isDialer) => gossip.opened(agent, peer, isDialer),
    closed: (agent, peer) => gossip.closed(agent, peer),
    arrived: (agent, from, payload) => gossip.arrived(agent, from, payload),
    heartbeat: (agent) => gossip.heartbeat(agent),
    ended: (agent) => gossip.processEnded(agent),
    publish: (agent, number, topic, bytes) => {
      const rumor: HealthRumor = { type: "members", members: [] };
      const content: GossipContent =
        topic === "health" ? { topic, rumor } : { topic, bytes: Uint8Array.of(number & 255, number >> 8) };
      numbers.set(content, number);
      gossip.publish(agent, content, bytes);
    },
    meshOf: (agent, topic) => gossip.meshOf(agent, topic),
    sent: () => gossip.counters.messages,
    bytes: () => gossip.counters.bytes,
    settled: () => undefined,
  };
}
