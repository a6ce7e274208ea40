import type { Json, Power, ResourceId, ResourcePromise } from "@antibody/policy";

/**
 * What the body saw of a resource: plain JSON whose shape the resource type defines. Contents of files are
 * never in it, only digests keyed by the agent's digest key.
 */
export type Observation = { readonly [field: string]: Json };

/** An observation that could not be made. */
export interface ObservationFailure {
  /** An errno name where there is one, for example `EACCES`. */
  readonly code: string;
  readonly message: string;
}

/** A difference between observed and promised state, for people and for the plan. */
export interface Drift {
  /** Names of the attributes that differ, sorted, for example `content`, `mode`. */
  readonly attributes: readonly string[];
  /** One line: what is, against what was promised. Never the content of a file. */
  readonly summary: string;
}

/** What one repair shall do. The body of the resource type knows how. */
export interface Plan {
  /** The type's own verb, for example `write`, `adjust`, `remove`, `start`, `restart`, `stop`, `apply`, `listen`. */
  readonly verb: string;
  /** Doing it twice does no harm. When false, the intent is persisted with `sync` before the action starts. */
  readonly idempotent: boolean;
  /** The action is canceled and counted as failed after this long. */
  readonly timeoutMs: number;
  /** One line, what will be done. */
  readonly summary: string;
  /** Epochs of the leases by which the promise is in force, by the name of the role: what is started hears of them. */
  readonly epochs?: { readonly [role: string]: number };
  /** With the verb `switch`: resources of one barrier that change together, in this order, or not at all. */
  readonly joint?: readonly JointPart[];
}

/** One of several repairs that are done as one. */
export interface JointPart {
  readonly resource: ResourceId;
  readonly promise: ResourcePromise;
  readonly plan: Plan;
}

/** A fault in the fields of a promise, found before it is signed (`lint`) or enforced. */
export interface PromiseProblem {
  /** Where in the promise, for example `["after", "0"]`. */
  readonly path: readonly string[];
  readonly message: string;
}

/** What diff and plan may ask of the mind. */
export interface ResourceContext {
  /** Digest of bytes under the agent's digest key, hex; equal to what the body's observations carry. */
  digest(bytes: Uint8Array): string;
}

/** A day of the week. */
export type Weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";

/** The hours in which repairs may begin. Minutes of a day, from midnight; where `to` is not after `from`, of the next. */
export interface RepairWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
  /** On which it opens. */
  readonly days: readonly Weekday[];
  /** Of these times from UTC. */
  readonly offsetMinutes: number;
}

/** How failed repairs are tried again; what is missing is as the agent's settings say. */
export interface BackoffFields {
  readonly baseMs?: number;
  readonly factor?: number;
  readonly maxMs?: number;
  readonly jitter?: "full" | "none";
  readonly resetAfterMs?: number;
}

/** What is common to promises of every type. */
export interface CommonFields {
  /** Repairs wait until these are kept. Orders actions; never blocks observation. */
  readonly after: readonly ResourceId[];
  /** How often to look, where the type polls or the author asks for it. */
  readonly everyMs?: number;
  /** Only looked at in turn: no events wake. */
  readonly polls: boolean;
  /** The roles with which the promise is in force: while any of them is not held here, it is as if withdrawn. */
  readonly while: readonly ResourceId[];
  /** Failures in a row before a human is asked. */
  readonly retry?: number;
  readonly backoff: BackoffFields;
  /** So many repairs at most within the time. */
  readonly limit?: { readonly repairs: number; readonly perMs: number };
  readonly window?: RepairWindow;
  /** Of the repairs that wait for a place, those of the highest begin first. */
  readonly priority: number;
  /** What one repair takes of the device's budget. */
  readonly budget: number;
  /** Not empty: a repair waits until one of these is found broken. */
  readonly danger: readonly ResourceId[];
  /** Roles that a repair disturbs: the swarm lets few of their devices be disturbed at once. */
  readonly disturbs: readonly ResourceId[];
  /** Begun anew once this one was repaired. */
  readonly onRepair: readonly ResourceId[];
  /** Resources of one stream with the same barrier change together. */
  readonly barrier?: string;
}

/**
 * The pure half of a resource type: schema, difference and plan. The other half (observe, repair, watch) is the
 * file of the same name in the agent.
 */
export interface ResourceType {
  readonly kind: string;
  /** Who sees it: the body on the device, or the mind itself (a capability is what the mind announces). */
  readonly observedBy: "body" | "mind";
  /** It may end by itself: where repairs of it do not last, nobody needs to be fighting, and a human is asked. */
  readonly endsByItself: boolean;
  /** JSON Schema (draft 2020-12) of the promise, for editors. */
  readonly schema: Json;
  /** Powers that a grant must name before such a promise is enforced. */
  powers(promise: ResourcePromise): readonly Power[];
  /** Empty when the promise is well formed. */
  check(name: string, promise: ResourcePromise): readonly PromiseProblem[];
  common(promise: ResourcePromise): CommonFields;
  /** Undefined when the promise is kept. */
  diff(promise: ResourcePromise, observation: Observation, context: ResourceContext): Drift | undefined;
  /** Of a kept promise: its phase, and why, where there is more to say than that it is as promised. */
  rest(observation: Observation): { readonly phase: "kept" | "standingBy"; readonly why: string } | undefined;
  /** Undefined when nothing on this device can repair it (a probe only reports). */
  plan(promise: ResourcePromise, observation: Observation, drift: Drift): Plan | undefined;
  /** What to do when the promise is withdrawn; undefined leaves the resource as it is. */
  reverse(promise: ResourcePromise): Plan | undefined;
  /** What begins a kept resource anew, since something that it reads was repaired; undefined where nothing does. */
  refresh(promise: ResourcePromise, observation: Observation): Plan | undefined;
  /**
   * Whether an observation is of this type's shape. What the body of this build sees is so by construction: for
   * tests, and for what was recorded by other builds.
   */
  recognizes(observation: Observation): boolean;
  /** A model of the resource for the simulator and for lint. */
  readonly fake: FakeResource;
}

/** A deterministic model of a resource: states are observations. */
export interface FakeResource {
  /** How a device looks that never heard of the promise. */
  initial(promise: ResourcePromise, context: ResourceContext): Observation;
  /** The state after an action with this plan succeeded. */
  repaired(
    promise: ResourcePromise,
    observation: Observation,
    plan: Plan,
    context: ResourceContext,
  ): Observation;
  /** A state that damage numbered `seed` (a whole number) leaves behind; kept states may become broken. */
  damaged(
    promise: ResourcePromise,
    observation: Observation,
    seed: number,
    context: ResourceContext,
  ): Observation;
}
