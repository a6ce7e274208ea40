import type { Stage } from "../faults/stage.ts";
import { recur } from "../faults/stage.ts";
import type { CorruptDeed, Habit } from "../scenarios/step.ts";
import type { Corruption, SimAgent } from "../world/agent.ts";
import { BentMind } from "./bentMind.ts";
import { forgeEntries } from "./habits/forgeEntries.ts";
import { forgePolicy } from "./habits/forgePolicy.ts";
import { replayRumors } from "./habits/replayRumors.ts";
import { falseVotes, forgeDeaths } from "./habits/votes.ts";
import { Hand, preyOf } from "./hand.ts";

/** What a corrupt agent does without being asked; the other habits bend what its mind says. */
const active: { readonly [Name in Habit]?: (hand: Hand, agent: SimAgent) => void } = {
  forgeEntries,
  forgeDeaths,
  forgePolicy,
  falseVotes,
  replayRumors,
};

const defaultEveryMs = 1_000;

/** Puts agents into one hand, for good: also the processes that start on them later. */
export function corrupt(stage: Stage, { who, habits, everyMs = defaultEveryMs }: CorruptDeed): void {
  const { world, publishers, selecting } = stage;
  const members = selecting.choose(who);
  const names = new Set(habits);
  const prey = preyOf(world, members);
  for (const agent of members) {
    const hand = new Hand(world, publishers, members, prey, stage.streams.of("hand", world.nowUs, agent));
    const corruption: Corruption = {
      bend: (mind) => new BentMind(mind, hand, names),
      passesGossipOn: !names.has("swallowGossip"),
    };
    agent.corruption = corruption;
    if (agent.mind !== undefined) agent.mind = corruption.bend(agent.mind);
    if (!world.isOwn(agent)) continue;
    recur(stage, stage.streams.of("corrupt", world.nowUs, agent), { everyMs }, () => {
      if (!agent.isRunning || agent.isPaused) return;
      for (const habit of habits) active[habit]?.(hand, agent);
    });
  }
}
