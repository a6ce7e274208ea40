import {
  type AgentId,
  type AuthorId,
  type Contexts,
  type Crypto,
  compareVersions,
  type Directive,
  type FragmentId,
  type Grant,
  type HeldClaim,
  type Root,
  type StageGate,
  type StreamState,
  streamKey,
  type VerifiedManifest,
  type VerifiedPolicy,
  type View,
  view,
} from "@antibody/policy";
import type { PolicyHolding } from "../contract/knowledge.ts";
import type { PolicyHeads } from "../contract/messages.ts";
import type { Boot } from "../contract/mind.ts";
import type { JournalRecord } from "../contract/output.ts";
import type { ResourceType } from "../contract/resource.ts";
import { type Sharing, sharesNothing } from "../contract/sharing.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import { type MonotonicMs, NEVER, type Now, type WallMs } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { policyIdsMax, refusedIdsMax } from "../limits.ts";
import { typesByKind } from "../resources/byKind.ts";
import type { StagedPolicy } from "../rollout/ports.ts";
import {
  type Activated,
  activatedBetween,
  activationRecords,
  inForceOf,
  isAccepted,
  mayChangeView,
} from "./activating.ts";
import { type AuthorView, authorViews, type OwnerView } from "./authors.ts";
import { type GrantProblem, type Grants, grantProblem } from "./grants.ts";
import { isOutdated } from "./heads.ts";
import { Holdings } from "./holdings.ts";
import type { PolicySet } from "./policySet.ts";
import { deletionOf, recordOf } from "./records.ts";
import { keep, recall } from "./snapshot.ts";
import type { Stages } from "./stages.ts";
import { tellHeld, tellProofs, tellStale } from "./telling.ts";
import { monotonicOf, trustedWallMs } from "./wallClock.ts";

/** What the store of policy needs for life. */
export interface PolicyKeepingOptions {
  readonly crypto: Crypto;
  readonly contexts: Contexts;
  readonly resourceTypes: readonly ResourceType[];
  readonly protectedResources: readonly string[];
  /** Public key of the device's owner, in hexadecimal. */
  readonly owner?: string;
  /** Where equal values of other minds are found. Absent: nowhere. */
  readonly sharing?: Sharing;
}

const emptyView: View = {
  promises: new Map(),
  held: [],
  frozen: new Set(),
  dormant: [],
  streams: [],
};

/**
 * The policy that an agent holds: a grow-only set of verified envelopes, the owner's grants, and the floors
 * below which no stream goes back. What is in force is `view`, a pure function of the three, so that the order
 * of arrival decides nothing; only what a newer active generation made useless is dropped.
 */
export class PolicyKeeping implements PolicyHolding, StagedPolicy {
  readonly #options: PolicyKeepingOptions;
  readonly #stages: Stages | undefined;
  readonly #types: ReadonlyMap<string, ResourceType>;
  readonly #holdings: Holdings;
  readonly #sharing: Sharing;
  #view: View = emptyView;
  /** The wall clock that the view was made by, where it could be trusted. */
  #viewedWallMs: WallMs | undefined;
  #deadline: MonotonicMs;
  /** Rises whenever `current` changed. */
  revision = 0;

  private constructor(options: PolicyKeepingOptions, stages: Stages | undefined) {
    this.#stages = stages;
    this.#deadline = NEVER;
    this.#options = options;
    this.#types = typesByKind(options.resourceTypes);
    this.#sharing = options.sharing ?? sharesNothing;
    this.#holdings = new Holdings(options.crypto, options.owner, this.#sharing);
  }

  /** As the journal left it. `stages` decides of generations in stages; where absent, they take effect at once. */
  static create(options: PolicyKeepingOptions, boot: Boot, stages?: Stages): PolicyKeeping {
    const policies = new PolicyKeeping(options, stages);
    policies.#holdings.read(boot);
    return policies;
  }

  static restore(options: PolicyKeepingOptions, dump: Snapshot, stages?: Stages): PolicyKeeping {
    const state = recall<PolicyDump>(dump);
    const policies = new PolicyKeeping(options, stages);
    policies.#holdings.restore(state.holdings, () => {
      if (state.projected) policies.#view = policies.#project(state.viewedWallMs);
    });
    policies.#deadline = state.deadline ?? NEVER;
    policies.revision = state.revision;
    return policies;
  }

  dump(): Snapshot {
    const dump: PolicyDump = {
      holdings: this.#holdings.dump(),
      ...(this.#viewedWallMs === undefined ? {} : { viewedWallMs: this.#viewedWallMs }),
      ...(this.#deadline === NEVER ? {} : { deadline: this.#deadline }),
      projected: this.#view !== emptyView,
      revision: this.revision,
    };
    return keep(dump);
  }

  get #set(): PolicySet {
    return this.#holdings.set;
  }

  get #grants(): Grants {
    return this.#holdings.grants;
  }

  /** What is in force, what is held back and why, and where each stream stands. */
  get current(): View {
    return this.#view;
  }

  get grants(): readonly Grant[] {
    return this.#grants.all();
  }

  rootOf(author: AuthorId): Root | undefined {
    return this.#set.roots.newest(author);
  }

  /** The newest root of each branch: several where an author has made two of one number. */
  newestRoots(author: AuthorId): readonly Root[] {
    return this.#set.roots.stateOf(author).newest;
  }

  /** An author's root of one digest, where it is held: two of one number are to be seen side by side. */
  rootWithDigest(author: AuthorId, digest: string): Root | undefined {
    return this.#set.roots.withDigest(author, digest);
  }

  /** When a sign of life expires, and what is in force has to be called stale. */
  get deadline(): MonotonicMs {
    return this.#deadline;
  }

  /** A sign of life may have expired. */
  wake(turn: Turn): void {
    if (this.#deadline <= turn.now.monoMs) this.#reproject(turn);
  }

  /** Projects what was restored from the journal, so that healing starts before any peer is met. */
  start(turn: Turn): void {
    this.#reproject(turn);
  }

  /** Takes one verified envelope into the set; what is already held, outdated or over quota changes nothing. */
  accept(policy: VerifiedPolicy, from: AgentId | "owner", turn: Turn): void {
    const result = this.#holdings.take(policy, from, turn);
    if (result === "nothing") return;
    const isGranted = (author: AuthorId): boolean => this.#grants.has(author);
    if (result === "changed" || mayChangeView(policy, this.#view, this.#set, isGranted))
      this.#reproject(turn);
  }

  /** The owner accepts an author on this device, or changes how. */
  grant(grant: Grant, turn: Turn): void {
    turn.emit({ type: "persist", durability: "sync", records: [this.#grants.set(grant)] });
    this.#set.roots.pin(grant.author, this.#grants.pinsOf(grant.author));
    this.#set.refused.roomMade();
    this.#reproject(turn);
  }

  /** Why not, where the author has no grant of this device alone. */
  revokeGrant(author: AuthorId, turn: Turn): GrantProblem | undefined {
    const record = this.#grants.remove(author);
    if (record === undefined) return grantProblem(author, this.#grants);
    turn.emit({ type: "persist", durability: "sync", records: [record] });
    this.#set.roots.pin(author, this.#grants.pinsOf(author));
    this.#reproject(turn);
    return undefined;
  }

  staged(): readonly VerifiedManifest[] {
    return this.#set.staged().filter(({ author }) => this.#grants.has(author));
  }

  directivesOn(manifest: FragmentId): readonly Directive[] {
    return this.#set.directivesOn(manifest);
  }

  isProven({ author, manifest }: VerifiedManifest): boolean {
    const floor = this.#holdings.floors.get(streamKey(author, manifest.stream));
    return floor !== undefined && compareVersions(floor, manifest) === 0;
  }

  prove(manifest: VerifiedManifest, records: readonly JournalRecord[], turn: Turn): void {
    const state = this.#view.streams.find(({ active }) => active?.manifest === manifest.id);
    if (state?.active === undefined) throw new Error(`${manifest.id} is proven without being in force`);
    this.#settle({ ...state, active: state.active }, records, turn);
    const { author, stream } = state;
    turn.tell("policy.proven", "info", { author, stream, ...state.active.version, manifest: manifest.id });
  }

  /** Makes the view anew: what may come into force here has changed. */
  regate(turn: Turn): void {
    this.#reproject(turn);
  }

  digest(): string {
    return this.#set.digest();
  }

  heads(): PolicyHeads {
    return this.#set.heads();
  }

  wantedFrom(theirs: PolicyHeads): readonly string[] {
    return this.#set.wantedFrom(theirs);
  }

  lackedBy(theirs: PolicyHeads): readonly string[] {
    return this.#set.lackedBy(theirs);
  }

  take(ids: readonly string[]): readonly VerifiedPolicy[] {
    return this.#set.take(ids);
  }

  inspect(): PolicyInspection {
    return {
      streams: this.#view.streams,
      heldClaims: this.#view.held,
      grants: this.grants,
      authors: authorViews(this.#set, this.#grants, this.#view),
      ...this.#ownerView(),
      queues: [
        { name: "policyIds", length: this.#set.size, bound: policyIdsMax },
        { name: "refusedIds", length: this.#set.refused.size, bound: refusedIdsMax },
      ],
    };
  }

  #project(wallMs: WallMs | undefined): View {
    this.#set.seen();
    this.#viewedWallMs = wallMs;
    const made = view({
      set: this.#set.values(),
      grants: this.grants,
      contexts: this.#options.contexts,
      floors: this.#holdings.floors,
      disputes: this.#holdings.disputes.found(),
      ...(wallMs === undefined ? {} : { wallMs }),
      requires: (kind, promise) => this.#types.get(kind)?.powers(promise),
      protectedGlobs: this.#options.protectedResources,
      stageOf: (manifest) => this.#stageOf(manifest),
    });
    return this.#sharing.of("view", made);
  }

  #stageOf(manifest: VerifiedManifest): ReturnType<StageGate> {
    if (this.isProven(manifest)) return "admitted";
    // Of strangers nothing takes effect: nothing is put on trial either.
    if (!this.#grants.has(manifest.author)) return "waiting";
    return this.#stages?.stageOf(manifest) ?? "admitted";
  }

  /** A generation that takes effect on trial, and must leave the way back open. */
  #trialOf({ active }: Activated): VerifiedManifest | undefined {
    if (this.#stages === undefined) return undefined;
    const manifest = this.#set.staged().find(({ id }) => id === active.manifest);
    return manifest === undefined || this.isProven(manifest) ? undefined : manifest;
  }

  #reproject(turn: Turn): void {
    const before = this.#view;
    const after = this.#project(trustedWallMs(turn.now));
    this.#activate(before, after, turn);
    this.#view = after;
    this.#deadline = this.#nextExpiry(turn.now);
    this.revision += 1;
    tellHeld(before, after, turn);
    tellStale(before, after, turn);
    tellProofs(before, after, this.#set, turn);
  }

  #nextExpiry(now: Now): MonotonicMs {
    let next = NEVER;
    for (const policy of this.#set.values()) {
      if (policy.type !== "heartbeat" || !this.#grants.has(policy.author)) continue;
      next = Math.min(next, monotonicOf(policy.heartbeat.freshUntilMs, now));
    }
    return next;
  }

  #ownerView(): { readonly owner?: OwnerView } {
    const { owner } = this.#grants;
    return owner === undefined ? {} : { owner: { key: owner, stands: this.#grants.stands() } };
  }

  /**
   * Floors, the author's roots and the whole generation become durable in one write before anything of it takes
   * effect. Of strangers nothing takes effect: what is outdated is dropped, and the floor is kept in memory only, so
   * that it stays so.
   */
  #activate(before: View, after: View, turn: Turn): void {
    for (const activated of activatedBetween(before, after)) {
      const { author, stream, active } = activated;
      const trial = this.#trialOf(activated);
      if (trial === undefined) this.#settle(activated, [], turn);
      else {
        const begun = this.#stages?.begin(trial, before, after, turn) ?? [];
        const generation = inForceOf(activated, this.#set).map(recordOf);
        turn.emit({ type: "persist", durability: "sync", records: [...begun, ...generation] });
      }
      if (activated.held !== undefined) continue;
      const { epoch, generation } = active.version;
      const how = trial === undefined ? {} : { trial: true };
      turn.tell("policy.activated", "info", { author, stream, epoch, generation, ...how });
    }
  }

  /** A generation stays: the floor rises to it, and what it makes useless goes, in one write. */
  #settle(activated: Activated, more: readonly JournalRecord[], turn: Turn): void {
    const { author, stream, active } = activated;
    this.#holdings.raiseFloor(author, stream, active.version);
    const outdated = [...this.#set.values()].filter(
      (policy) => isOutdated(policy, this.#holdings.floors) && !this.#holdings.disputes.isDisputed(policy),
    );
    if (isAccepted(activated)) {
      const inForce = inForceOf(activated, this.#set);
      const records = [
        ...activationRecords(activated, inForce, outdated),
        // What goes may turn out to be the first of two bodies.
        ...outdated.flatMap((policy) =>
          policy.type === "manifest" ? this.#holdings.disputes.remember(policy) : [],
        ),
        ...more,
      ];
      turn.emit({ type: "persist", durability: "sync", records });
    } else if (outdated.length > 0) {
      turn.emit({ type: "persist", durability: "batched", records: outdated.map(deletionOf) });
    }
    for (const policy of outdated) this.#holdings.drop(policy);
  }
}

/** What an agent holds back, and who may tell it what. */
export interface PolicyInspection {
  readonly streams: readonly StreamState[];
  readonly heldClaims: readonly HeldClaim[];
  readonly grants: readonly Grant[];
  readonly authors: readonly AuthorView[];
  readonly owner?: OwnerView;
  readonly queues: readonly { readonly name: string; readonly length: number; readonly bound: number }[];
}

interface PolicyDump {
  readonly holdings: Snapshot;
  readonly viewedWallMs?: WallMs;
  readonly deadline?: MonotonicMs;
  readonly projected: boolean;
  readonly revision: number;
}
