import type { AgentId, Crypto, ResourceId } from "@antibody/policy";
import type { ResourceContext, ResourceType } from "../contract/resource.ts";
import type { DeadlinesByKind } from "../keeping/deadlinesByKind.ts";
import type { RareMap, RareSet } from "../keeping/rare.ts";
import type { Store } from "../keeping/store.ts";
import type { Settings } from "../settings.ts";
import type { Actions } from "./actions.ts";
import type { Budget } from "./budget.ts";
import type { Waiting } from "./dependencies.ts";
import type { GlancedPeers, Incidents } from "./incidents.ts";
import type { Pauses } from "./pauses.ts";
import type { ResourceState } from "./state.ts";

/** What healing needs for life. */
export interface HealingOptions {
  readonly agent: AgentId;
  readonly crypto: Pick<Crypto, "sha256">;
  readonly digestKey: Uint8Array;
  readonly settings: Settings;
  readonly resourceTypes: readonly ResourceType[];
  /** Rises with every start of the agent: the first half of action ids. */
  readonly boot: number;
  /** How the swarm looks: evidence of an incident. */
  readonly peers: GlancedPeers;
}

/** Roles that are held here, each with the epoch of its lease where there is one. */
export type HeldRoles = ReadonlyMap<ResourceId, number | undefined>;

/** What healing waits for: of actions by their ids, of pauses by their targets, of the others by resources. */
export const deadlineKinds = ["act", "hold", "look", "pause", "retry"] as const;
export type DeadlineKind = (typeof deadlineKinds)[number];

/** The state of healing, as its functions share it. */
export interface Parts {
  readonly settings: Settings;
  readonly types: ReadonlyMap<string, ResourceType>;
  readonly context: ResourceContext;
  readonly states: Store<ResourceState>;
  readonly actions: Actions;
  readonly pauses: Pauses;
  readonly incidents: Incidents;
  readonly deadlines: DeadlinesByKind<DeadlineKind>;
  readonly waiting: Waiting;
  /** Resources whose costly repair waits until a probe fails. */
  awaitingDanger: RareSet<ResourceId>;
  readonly budget: Budget;
  /** People know that it is spent. */
  budgetTold: boolean;
  /** Resources whose repair disturbs roles: they wait for a turn, or have it. */
  asking: RareMap<ResourceId, readonly ResourceId[]>;
  /** Roles that this device may disturb now. Replaced, never changed. */
  turns: ReadonlySet<ResourceId>;
  /** Why it may not disturb others. Replaced, never changed. */
  turnsBecause: ReadonlyMap<ResourceId, string>;
  /** What the last run left to be begun anew, until its promise is taken up. */
  readonly refreshes: RareMap<ResourceId, ResourceId>;
  /** Resources to be decided on again before the step ends. Empty between steps. */
  reconsider: RareSet<ResourceId>;
  /** Resources whose watch wakes by events; at most `watchesMax`. */
  liveWatches: number;
  /** The roles held here. Replaced, never changed. */
  heldRoles: HeldRoles;
  /** What stands by and is not undone yet. */
  releasing: RareSet<ResourceId>;
  /** Promises that were beyond `promisesMax`. */
  beyondBound: number;
  begun: boolean;
  stopping: boolean;
  /** Rises when the phase of any resource changes. */
  revision: number;
}

/** The type of a resource, or undefined when this build does not know it. */
export function typeOf(parts: Parts, resource: ResourceId): ResourceType | undefined {
  // What stands before the first colon: a sweep asks this of thousands, whose ids were read at the border.
  return parts.types.get(resource.slice(0, resource.indexOf(":")));
}

/** The type of a resource that is cared for, which is therefore known. */
export function knownTypeOf(parts: Parts, resource: ResourceId): ResourceType {
  const type = typeOf(parts, resource);
  if (type === undefined) throw new Error(`care for ${resource}, whose type is unknown`);
  return type;
}
