import type { Snapshot } from "./contract/snapshot.ts";
import type { RandomState } from "./random.ts";

/** Version of the shape of a dump. */
export const dumpVersion = 2;

/** All that a mind knows, as `dump` gives it away. */
export interface MindDump {
  readonly v: typeof dumpVersion;
  readonly random: RandomState;
  readonly swarm: Snapshot;
  readonly policies: Snapshot;
  readonly healing: Snapshot;
  readonly routing: Snapshot;
  readonly roles: Snapshot;
  readonly disturbing: Snapshot;
  readonly rollouts: Snapshot;
  readonly stopping: "no" | "asked" | "done";
  readonly seen: Seen;
}

/** Revisions of the parts as the other parts last saw them. */
export interface Seen {
  readonly policies: number;
  readonly swarm: number;
  readonly healing: number;
  readonly roles: number;
  readonly disturbing: number;
  readonly rollouts: number;
}
