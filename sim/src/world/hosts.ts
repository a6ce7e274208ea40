import type { Input } from "@antibody/core";
import type { Gossip, GossipHosts } from "../gossip/gossip.ts";
import type { Hosts } from "../network/hosts.ts";
import type { SimAgent } from "./agent.ts";
import type { Border } from "./border.ts";

/** What hosts know of the world that they are in. */
interface HostedWorld {
  readonly gossip: Pick<Gossip, "opened" | "closed">;
  readonly border: Border;
  at(index: number): SimAgent;
  give(agent: SimAgent, input: Input): void;
}

/** What the network and gossip ask of a world's agents, and tell them. */
export function createHosts(world: HostedWorld): Hosts & GossipHosts {
  return {
    hasPower: (index) => world.at(index).hasPower,
    isRunning: (index) => world.at(index).isRunning,
    isPaused: (index) => world.at(index).isPaused,
    busyUntilUs: (index) => world.at(index).busyUntilUs,
    hasQueue: (index) => world.at(index).waiting !== undefined,
    silentSinceUs: (index) => world.at(index).silentSinceUs,
    lifeOf: (index) => world.at(index).life,
    greetingOf: (index) => world.at(index).mind?.ownMember(),
    opened: (index, peer, isDialer, greeting) => {
      world.gossip.opened(index, peer, isDialer);
      const member = greeting === undefined ? undefined : world.border.hello(world.at(index), greeting);
      if (member === undefined) return;
      world.give(world.at(index), { type: "connected", peer: world.at(peer).id, member });
    },
    closed: (index, peer) => {
      world.gossip.closed(index, peer);
      world.give(world.at(index), { type: "disconnected", peer: world.at(peer).id });
    },
    dialed: (index, peer, purpose, result) => {
      world.give(world.at(index), { type: "dialed", peer: world.at(peer).id, purpose, result });
    },
    heard: (index, from, content) => {
      const agent = world.at(index);
      const sender = world.at(from).id;
      if (content.topic === "health") {
        const rumor =
          "wire" in content
            ? world.border.rumor(agent, content.wire)
            : world.border.honestRumor(agent, content.rumor);
        if (rumor === undefined) return false;
        world.give(agent, { type: "rumor", from: sender, rumor });
      } else {
        const policy = world.border.policy(agent, content.bytes);
        if (policy === undefined) return false;
        world.give(agent, { type: "policy", policy, from: sender });
      }
      return agent.corruption?.passesGossipOn !== false;
    },
  };
}
