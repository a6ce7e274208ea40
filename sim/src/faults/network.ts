import type { NetworkDeed } from "../scenarios/step.ts";
import type { SimAgent } from "../world/agent.ts";
import { during, recur, type Stage } from "./stage.ts";

/** What happens between hosts. */
export function doToNetwork(stage: Stage, deed: NetworkDeed): void {
  const { world, selecting } = stage;
  switch (deed.type) {
    case "partition":
      world.partition(selecting.chooseApart(deed.sides));
      return;
    case "cut":
      world.cut(selecting.choose(deed.from), selecting.choose(deed.to));
      return;
    case "eclipse":
      eclipse(stage, deed);
      return;
    case "heal":
      world.heal();
      stage.returned();
      return;
    case "loss":
      loss(stage, deed);
      return;
    case "latency":
      latency(stage, deed);
      return;
    default:
      throw new Error(`unknown deed ${deed satisfies never}`);
  }
}

function eclipse(stage: Stage, deed: Extract<NetworkDeed, { readonly type: "eclipse" }>): void {
  const { world, selecting } = stage;
  const who = selecting.choose(deed.who);
  const seen = new Set<SimAgent>([...who, ...selecting.choose(deed.peers, who)]);
  const others = world.agents.filter((agent) => !seen.has(agent));
  world.cut(who, others);
  world.cut(others, who);
}

function loss(stage: Stage, deed: Extract<NetworkDeed, { readonly type: "loss" }>): void {
  const who = stage.selecting.choose(deed.who);
  const { links } = stage.world.network;
  const worsen = (perMillion: number): void => {
    for (const { index } of who) links.worsenLoss(index, perMillion, stage.world.nowUs);
  };
  const { bursts, forMs, lossPerMillion } = deed;
  if (bursts === undefined) {
    worsen(lossPerMillion);
    during(stage, forMs, () => worsen(-lossPerMillion));
    return;
  }
  const random = stage.streams.of("loss", stage.world.nowUs);
  recur(stage, random, { everyMs: bursts.everyMs, forMs }, (leftMs) => {
    worsen(lossPerMillion);
    stage.after(Math.min(leftMs, random.between(1, 2 * bursts.lastMs - 1)), () => worsen(-lossPerMillion));
  });
}

function latency(stage: Stage, deed: Extract<NetworkDeed, { readonly type: "latency" }>): void {
  const who = stage.selecting.choose(deed.who);
  const { links } = stage.world.network;
  const { addedUs, jitterUs = 0, forMs } = deed;
  for (const { index } of who) links.worsenLatency(index, addedUs, jitterUs);
  during(stage, forMs, () => {
    for (const { index } of who) links.worsenLatency(index, -addedUs, -jitterUs);
  });
}
