import {
  type AgentId,
  type AuthorId,
  belowFloor,
  type Contexts,
  type Crypto,
  compareText,
  type Floors,
  type Grant,
  type HeldClaim,
  type Root,
  raiseFloor,
  type StreamState,
  streamKey,
  type VerifiedPolicy,
  type Version,
  type View,
  view,
} from "@antibody/policy";
import type { PolicyHolding } from "../contract/knowledge.ts";
import type { PolicyHeads } from "../contract/messages.ts";
import type { Boot } from "../contract/mind.ts";
import type { JournalRecord } from "../contract/output.ts";
import type { ResourceType } from "../contract/resource.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Turn } from "../contract/turn.ts";
import { policyIdsMax, refusedIdsMax } from "../limits.ts";
import { typesByKind } from "../resources/byKind.ts";
import { activatedBetween, activationRecords, isAccepted, mayChangeView } from "./activating.ts";
import { isOutdated, versionOf } from "./heads.ts";
import { type HeldPolicy, PolicySet } from "./policySet.ts";
import { deletionOf, recordOf } from "./records.ts";
import { RefusedIds } from "./refusedIds.ts";
import { keep, recall } from "./snapshot.ts";
import { describe, tellHeld } from "./telling.ts";

/** What the store of policy needs for life. */
export interface PolicyKeepingOptions {
  readonly crypto: Crypto;
  readonly contexts: Contexts;
  readonly resourceTypes: readonly ResourceType[];
  readonly protectedResources: readonly string[];
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
export class PolicyKeeping implements PolicyHolding {
  readonly #options: PolicyKeepingOptions;
  readonly #types: ReadonlyMap<string, ResourceType>;
  readonly #set: PolicySet;
  readonly #grants = new Map<AuthorId, Grant>();
  #floors: Floors = new Map();
  #view: View = emptyView;
  /** Rises whenever `current` changed. */
  revision = 0;

  constructor(options: PolicyKeepingOptions) {
    this.#options = options;
    this.#types = typesByKind(options.resourceTypes);
    this.#set = new PolicySet(options.crypto);
  }

  static create(options: PolicyKeepingOptions, boot: Boot): PolicyKeeping {
    const policies = new PolicyKeeping(options);
    for (const policy of boot.policies) policies.#set.hold(policy, undefined);
    for (const { key, value } of boot.records) {
      if (key.startsWith("floor/")) {
        const { epoch, generation } = recall<Version>(value);
        policies.#floors = new Map([
          ...policies.#floors,
          [key.slice("floor/".length), { epoch, generation }],
        ]);
      }
      if (key.startsWith("grant/")) policies.#setGrant(recall<{ grant: Grant }>(value).grant);
    }
    return policies;
  }

  static restore(options: PolicyKeepingOptions, dump: Snapshot): PolicyKeeping {
    const state = recall<PolicyDump>(dump);
    const policies = new PolicyKeeping(options);
    for (const grant of state.grants) policies.#setGrant(grant);
    policies.#set.refused = RefusedIds.restore(state.refused);
    policies.#floors = new Map(state.floors);
    // The view is as old as it was; what came after it was held after everything that it was made of.
    const unseen = new Set(state.unseen);
    const [seen, later] = [false, true].map((isLater) =>
      state.held.filter(({ policy }) => unseen.has(policy.id) === isLater),
    );
    for (const { policy, introducer } of seen ?? []) policies.#set.hold(policy, introducer);
    if (state.projected) policies.#view = policies.#project();
    for (const { policy, introducer } of later ?? []) policies.#set.hold(policy, introducer);
    policies.revision = state.revision;
    return policies;
  }

  dump(): Snapshot {
    const dump: PolicyDump = {
      held: this.#set.dump(),
      grants: [...this.#grants.values()],
      refused: this.#set.refused.dump(),
      unseen: this.#set.unseen(),
      floors: [...this.#floors],
      projected: this.#view !== emptyView,
      revision: this.revision,
    };
    return keep(dump);
  }

  /** What is in force, what is held back and why, and where each stream stands. */
  get current(): View {
    return this.#view;
  }

  get grants(): readonly Grant[] {
    return [...this.#grants.values()].sort((left, right) => compareText(left.author, right.author));
  }

  rootOf(author: AuthorId): Root | undefined {
    return this.#set.roots.newest(author);
  }

  /** An author's root of one number, where it is held: two of one number are to be seen side by side. */
  rootNumbered(author: AuthorId, number: number): Root | undefined {
    return this.#set.roots.numbered(author, number);
  }

  /** Projects what was restored from the journal, so that healing starts before any peer is met. */
  start(turn: Turn): void {
    this.#reproject(turn);
  }

  /** Takes one verified envelope into the set; what is already held, outdated or over quota changes nothing. */
  accept(policy: VerifiedPolicy, from: AgentId | "owner", turn: Turn): void {
    if (this.#set.has(policy.id)) return;
    const refusal = this.#refusalOf(policy, from);
    if (refusal !== undefined) {
      if (refusal.reason === "quota") this.#set.refused.crowdedOut(policy.id);
      else this.#set.refused.outdated(policy.id);
      turn.tell("policy.rejected", "warn", { ...describe(policy), from, ...refusal });
      return;
    }
    this.#set.hold(policy, from);
    // Who may sign for an accepted author is trust: no power cut brings revoked keys back.
    const isTrust = policy.type === "root" && this.#grants.has(policy.author);
    turn.emit({ type: "persist", durability: isTrust ? "sync" : "batched", records: [recordOf(policy)] });
    turn.tell("policy.accepted", "info", { ...describe(policy), from });
    // What came from a peer was forwarded by gossip, or is fetched by whoever lacks it.
    if (from === "owner") turn.emit({ type: "publishPolicy", bytes: policy.bytes });
    const hasDropped = policy.type === "root" && this.#dropRevoked(policy.author, turn);
    if (hasDropped || mayChangeView(policy, this.#view, this.#set, (author) => this.#grants.has(author)))
      this.#reproject(turn);
  }

  /** The owner accepts an author, or changes how. */
  grant(grant: Grant, turn: Turn): void {
    this.#setGrant(grant);
    const record: JournalRecord = { key: `grant/${grant.author}`, value: keep({ v: 1, grant }) };
    turn.emit({ type: "persist", durability: "sync", records: [record] });
    this.#set.refused.roomMade();
    this.#reproject(turn);
  }

  /** False when the author had no grant. */
  revokeGrant(author: AuthorId, turn: Turn): boolean {
    if (!this.#grants.delete(author)) return false;
    turn.emit({ type: "persist", durability: "sync", records: [{ key: `grant/${author}`, value: null }] });
    this.#reproject(turn);
    return true;
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
      queues: [
        { name: "policyIds", length: this.#set.size, bound: policyIdsMax },
        { name: "refusedIds", length: this.#set.refused.size, bound: refusedIdsMax },
      ],
    };
  }

  #refusalOf(
    policy: VerifiedPolicy,
    from: AgentId | "owner",
  ): { readonly reason: string; readonly detail: string } | undefined {
    const version = versionOf(policy);
    if (version !== undefined && belowFloor(this.#floors, policy.author, version.stream, version.version)) {
      const floor = this.#floors.get(streamKey(policy.author, version.stream));
      const detail = `generation ${version.version.generation} of ${version.stream} is older than ${floor?.generation}, which was in force`;
      return { reason: "olderGeneration", detail };
    }
    if (this.#set.roots.revokes(policy)) {
      return { reason: "olderGeneration", detail: "its epoch was revoked by a newer root of its author" };
    }
    return this.#set.quota.refusalOf(policy, from, this.#grants);
  }

  /** What a newer root revoked is never in force again: it must not take the room of what replaces it. */
  #dropRevoked(author: AuthorId, turn: Turn): boolean {
    const revoked = [...this.#set.values()].filter(
      (policy) => policy.author === author && this.#set.roots.revokes(policy),
    );
    if (revoked.length === 0) return false;
    turn.emit({ type: "persist", durability: "batched", records: revoked.map(deletionOf) });
    for (const policy of revoked) this.#set.drop(policy);
    return true;
  }

  #setGrant(grant: Grant): void {
    this.#grants.set(grant.author, grant);
  }

  #project(): View {
    this.#set.seen();
    return view({
      set: this.#set.values(),
      grants: this.grants,
      contexts: this.#options.contexts,
      floors: this.#floors,
      requires: (kind, promise) => this.#types.get(kind)?.powers(promise),
      protectedGlobs: this.#options.protectedResources,
    });
  }

  #reproject(turn: Turn): void {
    const before = this.#view;
    const after = this.#project();
    this.#activate(before, after, turn);
    this.#view = after;
    this.revision += 1;
    tellHeld(before, after, turn);
  }

  /**
   * Floors, the author's roots and the whole generation become durable in one write before anything of it takes
   * effect. Of strangers nothing takes effect: what is outdated is dropped, and the floor is kept in memory only, so
   * that it stays so.
   */
  #activate(before: View, after: View, turn: Turn): void {
    for (const activated of activatedBetween(before, after)) {
      const { author, stream, active } = activated;
      this.#floors = raiseFloor(this.#floors, author, stream, active.version);
      const outdated = [...this.#set.values()].filter((policy) => isOutdated(policy, this.#floors));
      if (isAccepted(activated)) {
        const records = activationRecords(activated, this.#set, outdated);
        turn.emit({ type: "persist", durability: "sync", records });
      } else if (outdated.length > 0) {
        turn.emit({ type: "persist", durability: "batched", records: outdated.map(deletionOf) });
      }
      for (const policy of outdated) this.#set.drop(policy);
      if (activated.held !== undefined) continue;
      const { epoch, generation } = active.version;
      turn.tell("policy.activated", "info", { author, stream, epoch, generation });
    }
  }
}

/** What an agent holds back, and who may tell it what. */
export interface PolicyInspection {
  readonly streams: readonly StreamState[];
  readonly heldClaims: readonly HeldClaim[];
  readonly grants: readonly Grant[];
  readonly queues: readonly { readonly name: string; readonly length: number; readonly bound: number }[];
}

interface PolicyDump {
  readonly held: readonly HeldPolicy[];
  readonly grants: readonly Grant[];
  readonly refused: Snapshot;
  readonly unseen: readonly string[];
  readonly floors: readonly (readonly [string, Version])[];
  readonly projected: boolean;
  readonly revision: number;
}
