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
import { digestOfIds, headsOf, isOutdated, versionOf } from "./heads.ts";
import { PolicyQuota } from "./quota.ts";
import { keep, recall } from "./snapshot.ts";

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
  readonly #roots = new Map<AuthorId, Root>();
  readonly #grants = new Map<AuthorId, Grant>();
  /** Ids that were offered and are not wanted again, oldest first. */
  readonly #refused = new Set<string>();
  readonly #quota = new PolicyQuota();
  #floors: Floors = new Map();
  #view: View = emptyView;
  #heads: PolicyHeads | undefined;
  #digest: string | undefined;
  /** Rises whenever `current` changed. */
  revision = 0;

  constructor(options: PolicyKeepingOptions) {
    this.#options = options;
    this.#types = new Map(options.resourceTypes.map((type) => [type.kind, type]));
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
    for (const { policy, introducer } of state.held) policies.#hold(policy, introducer);
    for (const grant of state.grants) policies.#setGrant(grant);
    for (const id of state.refused) policies.#refused.add(id);
    policies.#floors = new Map(state.floors);
    if (state.projected) policies.#view = policies.#project();
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
      refused: [...this.#refused],
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
    return this.#roots.get(author);
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
      this.#refuse(policy.id);
      turn.tell("policy.rejected", "warn", { ...describe(policy), from, ...refusal });
      return;
    }
    this.#hold(policy, from);
    turn.emit({ type: "persist", durability: "batched", records: [recordOf(policy)] });
    turn.tell("policy.accepted", "info", { ...describe(policy), from });
    // What came from a peer was forwarded by gossip, or is fetched by whoever lacks it.
    if (from === "owner") turn.emit({ type: "publishPolicy", bytes: policy.bytes });
    if (this.#mayChangeView(policy)) this.#reproject(turn);
  }

  /** The owner accepts an author, or changes how. */
  grant(grant: Grant, turn: Turn): void {
    this.#setGrant(grant);
    const record: JournalRecord = { key: `grant/${grant.author}`, value: keep({ v: 1, grant }) };
    turn.emit({ type: "persist", durability: "sync", records: [record] });
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
    const taken = ids.map((id) => this.#held.get(id)).filter((policy) => policy !== undefined);
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
    if (this.#held.size >= policyIdsMax) {
      return { reason: "quota", detail: `this agent holds ${policyIdsMax} envelopes already` };
    }
    const version = versionOf(policy);
    if (version !== undefined && belowFloor(this.#floors, policy.author, version.stream, version.version)) {
      const floor = this.#floors.get(streamKey(policy.author, version.stream));
      const detail = `generation ${version.version.generation} of ${version.stream} is older than ${floor?.generation}, which was in force`;
      return { reason: "olderGeneration", detail };
    }
    return this.#quota.refusalOf(policy, from, this.#grants.get(policy.author));
  }

  #refuse(id: string): void {
    this.#refused.add(id);
    if (this.#refused.size <= refusedIdsMax) return;
    for (const oldest of this.#refused) {
      this.#refused.delete(oldest);
      return;
    }
  }

  #hold(policy: VerifiedPolicy, from: AgentId | "owner" | undefined): void {
    this.#held.set(policy.id, policy);
    this.#quota.add(policy, from);
    if (policy.type === "root") {
      const known = this.#roots.get(policy.author);
      if (known === undefined || known.number < policy.root.number)
        this.#roots.set(policy.author, policy.root);
    }
    this.#forgetDigests();
  }

  #setGrant(grant: Grant): void {
    this.#grants.set(grant.author, grant);
  }

  #forgetDigests(): void {
    this.#heads = undefined;
    this.#digest = undefined;
  }

  /** A fragment changes the view only when it completes a generation: projecting for each would cost n². */
  #mayChangeView(policy: VerifiedPolicy): boolean {
    if (policy.type !== "fragment") return true;
    for (const other of this.#held.values()) {
      if (other.type !== "manifest" || !other.manifest.fragments.includes(policy.id)) continue;
      if (other.manifest.fragments.every((id) => this.#held.has(id))) return true;
    }
    return false;
  }

  #project(): View {
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

  /** Floors and the whole generation become durable in one write before anything of it takes effect. */
  #activate(before: View, after: View, turn: Turn): void {
    const known = new Map(before.streams.map((state) => [streamKey(state.author, state.stream), state]));
    for (const state of after.streams) {
      const key = streamKey(state.author, state.stream);
      if (state.active === undefined || state.active.manifest === known.get(key)?.active?.manifest) continue;
      this.#floors = raiseFloor(this.#floors, state.author, state.stream, state.active.version);
      const generation = [...this.#held.values()].filter((policy) => isOfVersion(policy, state));
      const outdated = [...this.#held.values()].filter((policy) => isOutdated(policy, this.#floors));
      const { epoch, generation: number } = state.active.version;
      const records: JournalRecord[] = [
        { key: `floor/${key}`, value: { v: 1, epoch, generation: number } },
        ...generation.map(recordOf),
        ...outdated.map((policy) => ({ key: `policy/${policy.id}`, value: null })),
      ];
      turn.emit({ type: "persist", durability: "sync", records });
      for (const policy of outdated) this.#drop(policy);
      const { author, stream } = state;
      turn.tell("policy.activated", "info", { author, stream, epoch, generation: number });
    }
  }

  #drop(policy: VerifiedPolicy): void {
    this.#held.delete(policy.id);
    this.#quota.remove(policy);
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
  readonly refused: readonly string[];
  readonly floors: readonly (readonly [string, Version])[];
  readonly projected: boolean;
  readonly revision: number;
}

function recordOf(policy: VerifiedPolicy): JournalRecord {
  return { key: `policy/${policy.id}`, value: policy.bytes };
}

/** Roots before what they sign, manifests before what they name. */
function takeOrder(policy: VerifiedPolicy): number {
  return policy.type === "root" ? policy.root.number : policy.type === "manifest" ? 1e6 : 2e6;
}

function isOfVersion(policy: VerifiedPolicy, state: StreamState): boolean {
  const made = versionOf(policy);
  return (
    made !== undefined &&
    policy.author === state.author &&
    made.stream === state.stream &&
    made.version.epoch === state.active?.version.epoch &&
    made.version.generation === state.active.version.generation
  );
}

function describe(policy: VerifiedPolicy): {
  readonly kind: string;
  readonly id: string;
  readonly author: string;
} {
  return { kind: policy.type, id: policy.id, author: policy.author };
}

/** Tells every claim that is newly held back, with its reason. */
function tellHeld(before: View, after: View, turn: Turn): void {
  const known = new Set(before.held.map(claimKey));
  for (const claim of after.held) {
    if (known.has(claimKey(claim))) continue;
    const { resource, author, stream, fragment, reason, detail } = claim;
    turn.tell("policy.held", "warn", { resource, author, stream, fragment, reason, detail });
  }
}

function claimKey(claim: HeldClaim): string {
  return `${claim.fragment} ${claim.resource} ${claim.reason}`;
}
