import {
  type AgentId,
  type AuthorId,
  authorStreamsMax,
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
import { digestOfIds, headsOf, isOutdated, isRival, takesPartIn, versionOf } from "./heads.ts";
import { PolicyQuota } from "./quota.ts";
import { RareSet } from "./rare.ts";
import { deletionOf, recordOf, takeOrder } from "./records.ts";
import { RefusedIds } from "./refusedIds.ts";
import { Roots } from "./roots.ts";
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
  readonly #held = new Map<string, VerifiedPolicy>();
  readonly #roots = new Roots();
  readonly #grants = new Map<AuthorId, Grant>();
  #refused = new RefusedIds();
  /** Ids that were taken in since the view was made: they change nothing that is in force. */
  readonly #unseen = new RareSet<string>();
  readonly #quota = new PolicyQuota();
  #floors: Floors = new Map();
  #view: View = emptyView;
  #heads: PolicyHeads | undefined;
  #digest: string | undefined;
  /** Rises whenever `current` changed. */
  revision = 0;

  constructor(options: PolicyKeepingOptions) {
    this.#options = options;
    this.#types = typesByKind(options.resourceTypes);
  }

  static create(options: PolicyKeepingOptions, boot: Boot): PolicyKeeping {
    const policies = new PolicyKeeping(options);
    for (const policy of boot.policies) policies.#hold(policy, undefined);
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
    policies.#refused = RefusedIds.restore(state.refused);
    policies.#floors = new Map(state.floors);
    // The view is as old as it was; what came after it was held after everything that it was made of.
    const unseen = new Set(state.unseen);
    const [seen, later] = [false, true].map((isLater) =>
      state.held.filter(({ policy }) => unseen.has(policy.id) === isLater),
    );
    for (const { policy, introducer } of seen ?? []) policies.#hold(policy, introducer);
    if (state.projected) policies.#view = policies.#project();
    for (const { policy, introducer } of later ?? []) policies.#hold(policy, introducer);
    policies.revision = state.revision;
    return policies;
  }

  dump(): Snapshot {
    const dump: PolicyDump = {
      held: [...this.#held.values()].map((policy) => ({
        policy,
        introducer: policy.type === "root" ? this.#quota.introducerOf(policy.author) : undefined,
      })),
      grants: [...this.#grants.values()],
      refused: this.#refused.dump(),
      unseen: [...this.#unseen],
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
    return this.#roots.newest(author);
  }

  /** An author's root of one number, where it is held: two of one number are to be seen side by side. */
  rootNumbered(author: AuthorId, number: number): Root | undefined {
    return this.#roots.numbered(author, number);
  }

  /** Projects what was restored from the journal, so that healing starts before any peer is met. */
  start(turn: Turn): void {
    this.#reproject(turn);
  }

  /** Takes one verified envelope into the set; what is already held, outdated or over quota changes nothing. */
  accept(policy: VerifiedPolicy, from: AgentId | "owner", turn: Turn): void {
    if (this.#held.has(policy.id)) return;
    const refusal = this.#refusalOf(policy, from);
    if (refusal !== undefined) {
      if (refusal.reason === "quota") this.#refused.crowdedOut(policy.id);
      else this.#refused.outdated(policy.id);
      turn.tell("policy.rejected", "warn", { ...describe(policy), from, ...refusal });
      return;
    }
    this.#hold(policy, from);
    // Who may sign for an accepted author is trust: no power cut brings revoked keys back.
    const isTrust = policy.type === "root" && this.#grants.has(policy.author);
    turn.emit({ type: "persist", durability: isTrust ? "sync" : "batched", records: [recordOf(policy)] });
    turn.tell("policy.accepted", "info", { ...describe(policy), from });
    // What came from a peer was forwarded by gossip, or is fetched by whoever lacks it.
    if (from === "owner") turn.emit({ type: "publishPolicy", bytes: policy.bytes });
    const hasDropped = policy.type === "root" && this.#dropRevoked(policy.author, turn);
    if (hasDropped || this.#mayChangeView(policy)) this.#reproject(turn);
  }

  /** The owner accepts an author, or changes how. */
  grant(grant: Grant, turn: Turn): void {
    this.#setGrant(grant);
    const record: JournalRecord = { key: `grant/${grant.author}`, value: keep({ v: 1, grant }) };
    turn.emit({ type: "persist", durability: "sync", records: [record] });
    this.#refused.roomMade();
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
    this.#digest ??= digestOfIds(this.heads().ids, this.#options.crypto);
    return this.#digest;
  }

  heads(): PolicyHeads {
    this.#heads ??= headsOf(this.#held);
    return this.#heads;
  }

  wantedFrom(theirs: PolicyHeads): readonly string[] {
    return theirs.ids.filter((id) => !this.#held.has(id) && !this.#refused.has(id)).slice(0, policyIdsMax);
  }

  lackedBy(theirs: PolicyHeads): readonly string[] {
    const there = new Set(theirs.ids);
    const newest = new Map(theirs.streams.map((head) => [streamKey(head.author, head.stream), head.version]));
    return this.heads().ids.filter((id) => {
      const policy = this.#held.get(id);
      return policy !== undefined && !there.has(id) && !isOutdated(policy, newest);
    });
  }

  take(ids: readonly string[]): readonly VerifiedPolicy[] {
    const taken = [...new Set(ids)].map((id) => this.#held.get(id)).filter((policy) => policy !== undefined);
    return taken.sort((left, right) => takeOrder(left) - takeOrder(right) || compareText(left.id, right.id));
  }

  inspect(): PolicyInspection {
    return {
      streams: this.#view.streams,
      heldClaims: this.#view.held,
      grants: this.grants,
      queues: [
        { name: "policyIds", length: this.#held.size, bound: policyIdsMax },
        { name: "refusedIds", length: this.#refused.size, bound: refusedIdsMax },
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
    if (this.#roots.revokes(policy)) {
      return { reason: "olderGeneration", detail: "its epoch was revoked by a newer root of its author" };
    }
    return this.#quota.refusalOf(policy, from, this.#grants);
  }

  /** What a newer root revoked is never in force again: it must not take the room of what replaces it. */
  #dropRevoked(author: AuthorId, turn: Turn): boolean {
    const revoked = [...this.#held.values()].filter(
      (policy) => policy.author === author && this.#roots.revokes(policy),
    );
    if (revoked.length === 0) return false;
    turn.emit({ type: "persist", durability: "batched", records: revoked.map(deletionOf) });
    for (const policy of revoked) this.#drop(policy);
    return true;
  }

  #hold(policy: VerifiedPolicy, from: AgentId | "owner" | undefined): void {
    this.#held.set(policy.id, policy);
    this.#unseen.add(policy.id);
    this.#quota.add(policy, from);
    if (policy.type === "root") this.#roots.add(policy);
    this.#forgetDigests();
  }

  #setGrant(grant: Grant): void {
    this.#grants.set(grant.author, grant);
  }

  #forgetDigests(): void {
    this.#heads = undefined;
    this.#digest = undefined;
  }

  /**
   * A fragment changes the view only when it completes a generation, or is the second body of one version:
   * projecting for each would cost n². Of strangers nothing is in force, so that only the first of each stream is
   * shown at once, and its first complete generation: they must not make this agent work for every document.
   */
  #mayChangeView(policy: VerifiedPolicy): boolean {
    const made = versionOf(policy);
    if (!this.#grants.has(policy.author)) {
      const shown = this.#view.streams.filter(({ author }) => author === policy.author);
      const own = shown.find(({ stream }) => stream === made?.stream);
      if (made === undefined || own?.active !== undefined) return false;
      if (own === undefined) return shown.length < authorStreamsMax;
    }
    if (policy.type !== "fragment") return true;
    for (const other of this.#held.values()) {
      if (other.author !== policy.author) continue;
      if (other.type === "manifest" && other.manifest.fragments.includes(policy.id)) {
        if (other.manifest.fragments.every((id) => this.#held.has(id))) return true;
      } else if (other.type === "fragment" && isRival(policy.fragment, other.fragment)) return true;
    }
    return false;
  }

  #project(): View {
    this.#unseen.clear();
    return view({
      set: this.#held.values(),
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
    const known = new Map(before.streams.map((state) => [streamKey(state.author, state.stream), state]));
    for (const state of after.streams) {
      const key = streamKey(state.author, state.stream);
      const last = known.get(key);
      if (state.active === undefined || state.held === "equivocation") continue;
      if (state.active.manifest === last?.active?.manifest && isAccepted(last) === isAccepted(state))
        continue;
      this.#floors = raiseFloor(this.#floors, state.author, state.stream, state.active.version);
      const outdated = [...this.#held.values()].filter((policy) => isOutdated(policy, this.#floors));
      if (isAccepted(state)) this.#persistActivation(state, state.active.version, outdated, turn);
      else if (outdated.length > 0) {
        turn.emit({ type: "persist", durability: "batched", records: outdated.map(deletionOf) });
      }
      for (const policy of outdated) this.#drop(policy);
      if (state.held !== undefined) continue;
      const { author, stream } = state;
      const { epoch, generation } = state.active.version;
      turn.tell("policy.activated", "info", { author, stream, epoch, generation });
    }
  }

  #persistActivation(
    state: StreamState,
    { epoch, generation }: Version,
    outdated: readonly VerifiedPolicy[],
    turn: Turn,
  ): void {
    const { author, stream } = state;
    const inForce = [...this.#held.values()].filter((policy) =>
      takesPartIn(policy, author, stream, { epoch, generation }),
    );
    const records: JournalRecord[] = [
      { key: `floor/${streamKey(state.author, state.stream)}`, value: { v: 1, epoch, generation } },
      ...inForce.map(recordOf),
      ...outdated.map(deletionOf),
    ];
    turn.emit({ type: "persist", durability: "sync", records });
  }

  #drop(policy: VerifiedPolicy): void {
    this.#held.delete(policy.id);
    this.#unseen.delete(policy.id);
    this.#quota.remove(policy);
    this.#refused.roomMade();
    this.#refused.outdated(policy.id);
    this.#forgetDigests();
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
  readonly held: readonly {
    readonly policy: VerifiedPolicy;
    readonly introducer: AgentId | "owner" | undefined;
  }[];
  readonly grants: readonly Grant[];
  readonly refused: Snapshot;
  readonly unseen: readonly string[];
  readonly floors: readonly (readonly [string, Version])[];
  readonly projected: boolean;
  readonly revision: number;
}

/** Whether the owner has accepted the author of a stream. */
function isAccepted({ held }: StreamState): boolean {
  return held !== "noGrant" && held !== "unknownAuthor";
}
