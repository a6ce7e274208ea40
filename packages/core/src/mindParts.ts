import type { Boot, MindOptions } from "./contract/mind.ts";
import type { Snapshot } from "./contract/snapshot.ts";
import { Healing } from "./healing/healing.ts";
import type { HealingOptions } from "./healing/parts.ts";
import { PolicyKeeping } from "./keeping/policies.ts";
import { keep, recall } from "./keeping/snapshot.ts";
import { Random, type RandomState } from "./random.ts";
import { Disturbing } from "./roles/disturbing.ts";
import { Roles } from "./roles/roles.ts";
import { Rollouts } from "./rollout/rollouts.ts";
import { Routing } from "./routing/routing.ts";
import { Swarm } from "./swarm/swarm.ts";

/** Version of the shape of a dump. */
const dumpVersion = 2;

/** What a mind is made of. The parts know nothing of each other. */
export interface MindParts {
  readonly random: Random;
  readonly swarm: Swarm;
  readonly policies: PolicyKeeping;
  readonly healing: Healing;
  readonly routing: Routing;
  readonly roles: Roles;
  readonly disturbing: Disturbing;
  readonly rollouts: Rollouts;
}

/** Whether the agent is to end, and whether the body was told that it may. */
export type Stopping = "no" | "asked" | "done";

/** Revisions of the parts as the other parts last saw them. */
export interface Seen {
  readonly policies: number;
  readonly swarm: number;
  readonly healing: number;
  readonly roles: number;
  readonly disturbing: number;
  readonly rollouts: number;
}

/** A mind as it goes on. */
export interface MindState {
  readonly parts: MindParts;
  readonly stopping: Stopping;
  readonly seen: Seen;
}

/** All that a mind knows, as `dump` gives it away. */
type MindDump = {
  readonly [part in Exclude<keyof MindParts, "random">]: Snapshot;
} & {
  readonly v: typeof dumpVersion;
  readonly random: RandomState;
  readonly stopping: Stopping;
  readonly seen: Seen;
};

/** A mind as the journal left it. */
export function createState(options: MindOptions, boot: Boot): MindState {
  const swarm = Swarm.create(options, boot);
  const rollouts = Rollouts.create(options, boot);
  const parts: MindParts = {
    random: Random.at(options.random),
    swarm,
    rollouts,
    policies: PolicyKeeping.create(options, boot, rollouts),
    healing: Healing.create(healingOptions(options, swarm), boot.records),
    routing: Routing.create(options),
    roles: Roles.create(options, boot.records),
    disturbing: new Disturbing(options),
  };
  const seen = { policies: 0, swarm: -1, healing: -1, roles: 0, disturbing: 0, rollouts: 0 };
  return { parts, stopping: "no", seen };
}

/** A mind as `dumpState` left it, to the bit. Throws when the dump is of another version. */
export function restoreState(options: MindOptions, dump: Snapshot): MindState {
  const state = recall<MindDump>(dump);
  if (state.v !== dumpVersion) throw new Error(`dump of version ${state.v}, this build reads ${dumpVersion}`);
  const swarm = Swarm.restore(options, state.swarm);
  const rollouts = Rollouts.restore(options, state.rollouts);
  const parts: MindParts = {
    random: Random.at(state.random),
    swarm,
    rollouts,
    policies: PolicyKeeping.restore(options, state.policies, rollouts),
    healing: Healing.restore(healingOptions(options, swarm), state.healing),
    routing: Routing.restore(options, state.routing),
    roles: Roles.restore(options, state.roles),
    disturbing: new Disturbing(options, state.disturbing),
  };
  return { parts, stopping: state.stopping, seen: state.seen };
}

function healingOptions(options: MindOptions, swarm: Swarm): HealingOptions {
  return { ...options, boot: swarm.boot, peers: swarm.peers };
}

export function dumpState({ parts, stopping, seen }: MindState): Snapshot {
  const dump: MindDump = {
    v: dumpVersion,
    random: parts.random.position(),
    swarm: parts.swarm.dump(),
    policies: parts.policies.dump(),
    healing: parts.healing.dump(),
    routing: parts.routing.dump(),
    roles: parts.roles.dump(),
    disturbing: parts.disturbing.dump(),
    rollouts: parts.rollouts.dump(),
    stopping,
    seen,
  };
  return keep(dump);
}
