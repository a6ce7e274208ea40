import type { AgentId, Json, ResourceId, ResourcePromise } from "@antibody/policy";
import type { Event } from "./event.ts";
import type { HealthRumor, PeerMessage } from "./messages.ts";
import type { Plan } from "./resource.ts";
import type { Snapshot } from "./snapshot.ts";
import type { UnsignedStatement } from "./statements.ts";

/** Never repeats, also across restarts: `<boot counter>-<n>`. */
export type ActionId = `${number}-${number}`;

/**
 * `sync` survives power loss (trust, floors, activation, incarnation, votes, owner's commands, intents of actions
 * that are not idempotent); `batched` survives the process (intents of convergent repairs, history).
 */
export type Durability = "sync" | "batched";

/**
 * One durable record. A null value deletes it. Values carry a version `v` of their own, or are exact bytes.
 * Keys `member/<agent>` hold `{ v, chain, entry }`, `policy/<id>` and `report/<id>` an envelope: the body verifies
 * these again when it reads them, everything else comes back to the mind as it was.
 */
export interface JournalRecord {
  /** Slash-separated, for example `floor/author_…/home`. */
  readonly key: string;
  readonly value: Snapshot;
}

/**
 * Everything that a mind ever asks of its body. Outputs run in order, also across steps; `persist` is a barrier
 * for what follows it.
 */
export type Output =
  | { readonly type: "persist"; readonly durability: Durability; readonly records: readonly JournalRecord[] }
  | { readonly type: "send"; readonly to: AgentId; readonly message: PeerMessage }
  | { readonly type: "publishRumor"; readonly rumor: HealthRumor }
  | { readonly type: "publishPolicy"; readonly bytes: Uint8Array }
  /** `session`: have a connection; `fresh`: test with a new one, whatever stands already. Answered by `dialed`. */
  | {
      readonly type: "dial";
      readonly peer: AgentId;
      readonly addresses: readonly string[];
      readonly purpose: "session" | "fresh";
      readonly timeoutMs: number;
    }
  | { readonly type: "hangUp"; readonly peer: AgentId }
  /**
   * The session is needed here no more: hang up, unless it carries something that is, such as a route. Said again later
   * while it stands.
   */
  | { readonly type: "release"; readonly peer: AgentId }
  | { readonly type: "sign"; readonly statement: UnsignedStatement }
  /** Watch from now on, and wake with `observed`; also gives the body the promise to observe and repair by. */
  | {
      readonly type: "watch";
      readonly resource: ResourceId;
      readonly promise: ResourcePromise;
      readonly events: boolean;
    }
  | { readonly type: "unwatch"; readonly resource: ResourceId }
  | { readonly type: "observe"; readonly resource: ResourceId }
  /** Find out who keeps undoing its repairs. */
  | { readonly type: "identify"; readonly resource: ResourceId }
  | {
      readonly type: "act";
      readonly action: ActionId;
      readonly resource: ResourceId;
      readonly promise: ResourcePromise;
      readonly plan: Plan;
    }
  | { readonly type: "cancel"; readonly action: ActionId }
  /** The whole set of capabilities that this device serves to peers from now on. */
  | {
      readonly type: "serve";
      readonly capabilities: readonly { readonly name: string; readonly port: number }[];
    }
  /** The backends of a route from now on, best first; the agent itself may be one. Standing connections survive. */
  | { readonly type: "route"; readonly resource: ResourceId; readonly backends: readonly AgentId[] }
  | {
      readonly type: "reply";
      readonly id: string;
      readonly result:
        | { readonly type: "ok"; readonly detail: Json }
        | { readonly type: "refused"; readonly message: string; readonly next: string };
    }
  | { readonly type: "tell"; readonly event: Event }
  /** Goodbyes are said and nothing runs any more: the body may end. */
  | { readonly type: "stopped" };
