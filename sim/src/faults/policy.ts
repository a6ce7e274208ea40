import type { PolicyDeed } from "../scenarios/step.ts";
import type { SimAgent } from "../world/agent.ts";
import { recur, type Stage } from "./stage.ts";

/** What authors publish, and what others send of it again. */
export function doToPolicy(stage: Stage, deed: PolicyDeed): void {
  const { world, selecting, publishers } = stage;
  const publisher = publishers.of(deed.bundle);
  switch (deed.type) {
    case "publish": {
      const living = world.agents.filter(({ isRunning }) => isRunning).map(({ id }) => id);
      const policies = publisher.publish(deed.generation, deed.variant, deed.staged, living);
      for (const agent of selecting.choose(deed.to)) {
        for (const policy of policies) world.give(agent, { type: "policy", policy, from: "owner" });
      }
      return;
    }
    case "replayPolicy": {
      const by = selecting.choose(deed.by);
      const envelopes = publisher.publish(deed.generation).map(({ bytes }) => bytes);
      for (const agent of by) send(stage, agent, envelopes);
      const { everyMs, forMs } = deed;
      if (everyMs === undefined) return;
      const random = stage.streams.of("replayPolicy", world.nowUs);
      recur(stage, random, { everyMs, forMs }, () => {
        for (const agent of by) send(stage, agent, envelopes);
      });
      return;
    }
    default:
      throw new Error(`unknown deed ${deed satisfies never}`);
  }
}

/** On the topic as gossip, and over each session as anti-entropy would: the border of each receiver reads it anew. */
function send({ world }: Stage, agent: SimAgent, envelopes: readonly Uint8Array[]): void {
  if (!agent.isRunning || agent.isPaused || !world.isOwn(agent)) return;
  for (const bytes of envelopes) {
    world.gossip.publish(agent.index, { topic: "policy", bytes }, bytes.length);
  }
  for (const peer of [...world.network.peersOf(agent.index)]) {
    world.sendWire(agent, world.at(peer), { type: "items", members: [], deaths: [], policy: envelopes });
  }
}
