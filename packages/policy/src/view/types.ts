import type { ResourcePromise } from "../fragment.ts";
import type { Grant, Mode, Power } from "../grant.ts";
import type { Contexts } from "../guard/contexts.ts";
import type { Heartbeat } from "../heartbeat.ts";
import type { AuthorId, FragmentId, StreamName } from "../ids.ts";
import type { ResourceId } from "../resourceId.ts";
import type { VerifiedManifest, VerifiedPolicy } from "../verify.ts";
import type { Floors, Version } from "../version.ts";

/**
 * What a promise of a resource type needs beyond its scope: an empty list for nothing, undefined for a resource
 * type that this agent does not know.
 */
export type Requires = (kind: string, promise: ResourcePromise) => readonly Power[] | undefined;

/** What claims are judged by. */
export interface ClaimRules {
  readonly grants: readonly Grant[];
  readonly requires: Requires;
  /** What no grant can reach: the agent's own state, keys, binary, unit and sockets. */
  readonly protectedGlobs?: readonly string[];
}

/**
 * Whether a generation that comes into force in stages may do so here. - `admitted`: it may. - `waiting`: not yet.
 * - `blocked`: never any more: it failed here, or was halted.
 */
export type StageGate = (manifest: VerifiedManifest) => "admitted" | "waiting" | "blocked";

/** Two bodies of one version, and the epoch that they are of: the next one clears it. */
export interface Dispute {
  readonly epoch: number;
  readonly proof: readonly [FragmentId, FragmentId];
}

/** Disputes by stream, under the keys of floors. */
export type Disputes = ReadonlyMap<string, Dispute>;

/** All that the view is a function of. */
export interface ViewInput extends ClaimRules {
  /** Every verified document, the authors' roots included, in any order, with or without repetition. */
  readonly set: Iterable<VerifiedPolicy>;
  readonly contexts: Contexts;
  readonly floors: Floors;
  /** Equivocations that were noticed when one of the two bodies was no longer held, by stream. */
  readonly disputes?: Disputes;
  /** The device's wall clock, in milliseconds since 1970, where it can be trusted. */
  readonly wallMs?: number;
  /** Asked for manifests with a staging only; where absent, all are admitted. */
  readonly stageOf?: StageGate;
}

/** What policy asks of this device now. A pure function of its input: equal sets give equal views. */
export interface View {
  /** Desired state: one promise for each resource, in the order of resource ids. */
  readonly promises: ReadonlyMap<ResourceId, PromiseInForce>;
  /** Claims that are not in force, and why; sorted by resource, author, stream, fragment. */
  readonly held: readonly HeldClaim[];
  /**
   * Resources whose state is in dispute (equivocation, conflict, quota): neither enforce nor undo. What was put
   * there before stays as it is, drift of it is not repaired, and it is in `promises` for none of them.
   */
  readonly frozen: ReadonlySet<ResourceId>;
  /** Fragments of active generations whose guard is false here. */
  readonly dormant: readonly DormantFragment[];
  /** Every stream known, sorted by author and stream. */
  readonly streams: readonly StreamState[];
}

/** A promise that the healing loop keeps. */
export interface PromiseInForce {
  readonly resource: ResourceId;
  readonly promise: ResourcePromise;
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly version: Version;
  readonly fragment: FragmentId;
  readonly fragmentName: string;
  readonly rank: number;
  readonly mode: Mode;
}

/**
 * Why a claim is not in force.
 * - `unknownAuthor`: no root of the author is in the set. - `noGrant`: the owner has not accepted the author.
 * - `outsideGrant`: beyond the grant's scope, or the author's own. - `missingPower`: needs a power not granted.
 * - `protected`: no grant reaches it. - `unknownType`: a resource type that this agent does not know.
 * - `incomplete`: its generation is not complete here. - `staged`: its generation is not in force here yet, or never
 * will be. - `guardFailed`: its guard cannot be evaluated here.
 * - `outranked`: a claim of higher rank wins the resource. - `conflict`: equal rank, different values.
 * - `equivocation`: the author signed two bodies for one version. - `quota`: the author's bundles are too big.
 */
export type HeldReason =
  | "unknownAuthor"
  | "noGrant"
  | "outsideGrant"
  | "missingPower"
  | "protected"
  | "unknownType"
  | "incomplete"
  | "staged"
  | "guardFailed"
  | "outranked"
  | "conflict"
  | "equivocation"
  | "quota";

/** A claim on a resource that is not in force. */
export interface HeldClaim {
  readonly resource: ResourceId;
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly fragment: FragmentId;
  readonly fragmentName: string;
  readonly reason: HeldReason;
  /** One sentence for a human. */
  readonly detail: string;
}

/** A fragment that does not apply on this device now. */
export interface DormantFragment {
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly fragment: FragmentId;
  readonly fragmentName: string;
  readonly when: string;
}

/** What an author's newest heartbeat says now. */
export interface Freshness {
  readonly isExpired: boolean;
  readonly heartbeat: Heartbeat;
}

/**
 * - `expired`: the author's last sign of life is too old. - `behind`: it names a generation that is not here.
 */
export type Stale =
  | { readonly reason: "expired"; readonly freshUntilMs: number }
  | { readonly reason: "behind"; readonly generation: number };

/** Where one stream stands. */
export interface StreamState {
  readonly author: AuthorId;
  readonly stream: StreamName;
  /** The highest complete generation at or above the floor. */
  readonly active?: { readonly version: Version; readonly manifest: FragmentId };
  /** The newest generation above the active one. Without `manifest`, only fragments of it have come. */
  readonly pending?: {
    readonly version: Version;
    readonly manifest?: FragmentId;
    readonly missing: readonly FragmentId[];
    /**
     * It is complete and not in force: its wave or its author's word is awaited, it is blocked here, or it came after
     * its author's last sign of life had expired.
     */
    readonly stage?: "waiting" | "blocked" | "stale";
  };
  /** Why what is in force may be old: somebody may keep the news from here. It stays in force all the same. */
  readonly stale?: Stale;
  /** Why the whole stream is held. */
  readonly held?: "unknownAuthor" | "noGrant" | "equivocation" | "quota";
  /** For an equivocation: two documents that prove it, to be passed on. */
  readonly proof?: readonly [FragmentId, FragmentId];
}
