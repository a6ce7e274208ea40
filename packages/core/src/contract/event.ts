import type { Json } from "@antibody/policy";

/** Names of the lines of the agent's log, fixed from the first day. */
export type EventName =
  | `swarm.${"joined" | "suspected" | "refuted" | "unreachable" | "stalled" | "dead" | "left" | "returned" | "partitioned" | "evicted"}`
  | `policy.${"accepted" | "rejected" | "activated" | "proven" | "rolledBack" | "halted" | "held" | "stale" | "disputed"}`
  | `resource.${"drifted" | "repairing" | "repaired" | "backingOff" | "contested" | "handedOff" | "paused" | "resumed" | "unobservable" | "withdrawn" | "rival" | "outpaced"}`
  | `device.${"budgetSpent"}`
  | `role.${"held" | "yielded" | "waitsForTurn"}`
  | `route.${"ejected" | "restored"}`
  | `agent.${"started" | "stopping"}`;

/** Something that people want to read in a log: a name and what goes with it, as plain JSON, evidence included. */
export interface Event {
  readonly name: EventName;
  readonly level: "info" | "warn" | "error";
  readonly fields: { readonly [field: string]: Json };
}
