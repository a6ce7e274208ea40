import {
  type AgentId,
  type AuthorId,
  belowFloor,
  type Crypto,
  type Floors,
  raiseFloor,
  type StreamName,
  streamKey,
  type VerifiedManifest,
  type VerifiedPolicy,
  type Version,
} from "@antibody/policy";
import type { Boot } from "../contract/mind.ts";
import type { Sharing } from "../contract/sharing.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Turn } from "../contract/turn.ts";
import { DisputeMemory } from "./disputes.ts";
import { Grants, type LocalGrant } from "./grants.ts";
import { versionOf } from "./heads.ts";
import { type Evidence, type HeldPolicy, PolicySet } from "./policySet.ts";
import { deletionOf, recordOf } from "./records.ts";
import { RefusedIds } from "./refusedIds.ts";
import { keep, recall } from "./snapshot.ts";
import { isReplaceable, replaces } from "./superseding.ts";
import { describe } from "./telling.ts";

interface PolicyRefusal {
  readonly reason: string;
  readonly detail: string;
}

interface HoldingsDump {
  readonly held: readonly HeldPolicy[];
  readonly unseen: readonly string[];
  readonly grants: readonly LocalGrant[];
  readonly disputes: Snapshot;
  readonly introducers: readonly (readonly [AuthorId, AgentId | "owner"])[];
  readonly refused: Snapshot;
  readonly floors: readonly (readonly [string, Version])[];
}

/**
 * All that the view is made of: documents, grants, floors and disputes; and which documents come in and go. It does
 * not know what is in force.
 */
export class Holdings implements Evidence {
  readonly set: PolicySet;
  readonly grants: Grants;
  readonly #sharing: Sharing;
  #disputes = new DisputeMemory();
  #floors: Floors = new Map();

  constructor(crypto: Crypto, owner: string | undefined, sharing: Sharing) {
    this.#sharing = sharing;
    this.set = new PolicySet(crypto, sharing, this);
    this.grants = new Grants(owner);
  }

  /** The lowest version of each stream that may still be active. */
  get floors(): Floors {
    return this.#floors;
  }

  raiseFloor(author: AuthorId, stream: StreamName, version: Version): void {
    this.#floors = this.#sharing.of("floors", raiseFloor(this.#floors, author, stream, version));
  }

  isEvidence(policy: VerifiedPolicy): boolean {
    return this.#disputes.isDisputed(policy);
  }

  get disputes(): DisputeMemory {
    return this.#disputes;
  }

  /** Takes up what the journal holds. */
  read(boot: Boot): void {
    this.grants.read(boot.records);
    this.disputes.read(boot.records, boot.evidence ?? []);
    this.set.quota.read(boot.records);
    const floors = boot.records
      .filter(({ key }) => key.startsWith("floor/"))
      .map(({ key, value }) => {
        const { epoch, generation } = recall<Version>(value);
        return [key.slice("floor/".length), { epoch, generation }] as const;
      });
    this.#floors = this.#sharing.of("floors", new Map(floors));
    for (const policy of boot.policies) this.#hold(policy, undefined);
    this.#pinRoots();
  }

  dump(): Snapshot {
    const dump: HoldingsDump = {
      held: this.set.dump(),
      unseen: this.set.unseen(),
      grants: this.grants.dump(),
      disputes: this.disputes.dump(),
      introducers: this.set.quota.introducers(),
      refused: this.set.refused.dump(),
      floors: [...this.floors],
    };
    return keep(dump);
  }

  /** Becomes what was dumped; `look` is called where the view was made last, before what came after it. */
  restore(snapshot: Snapshot, look: () => void): void {
    const state = recall<HoldingsDump>(snapshot);
    for (const local of state.grants) this.grants.restore(local);
    this.#disputes = DisputeMemory.restore(state.disputes);
    this.set.quota.restoreIntroducers(state.introducers);
    this.set.refused = RefusedIds.restore(state.refused);
    this.#floors = this.#sharing.of("floors", new Map(state.floors));
    // The view is as old as it was; what came after it was held after everything that it was made of.
    const unseen = new Set(state.unseen);
    const [seen, later] = [false, true].map((isLater) =>
      state.held.filter(({ policy }) => unseen.has(policy.id) === isLater),
    );
    for (const { policy, introducer } of seen ?? []) this.#hold(policy, introducer);
    this.#pinRoots();
    look();
    for (const { policy, introducer } of later ?? []) this.#hold(policy, introducer);
    this.#pinRoots();
  }

  /**
   * Takes in one verified document, unless it is outdated, or too much. `changed`: something went, or was noticed, so
   * that the view is another one; `added`: it is there, and may change the view.
   */
  take(policy: VerifiedPolicy, from: AgentId | "owner", turn: Turn): "changed" | "added" | "nothing" {
    if (this.set.has(policy.id)) return "nothing";
    const isNoticed = this.#notice(policy, turn);
    const refusal = this.#refusalOf(policy, from);
    if (refusal !== undefined) {
      this.#refuse(policy, refusal, from, turn);
      return isNoticed ? "changed" : "nothing";
    }
    this.#hold(policy, from);
    this.#persist(policy, turn);
    turn.tell("policy.accepted", "info", { ...describe(policy), from });
    // What came from a peer was forwarded by gossip, or is fetched by whoever lacks it.
    if (from === "owner") turn.emit({ type: "publishPolicy", bytes: policy.bytes });
    return this.#dropReplaced(policy, turn) || isNoticed ? "changed" : "added";
  }

  drop(policy: VerifiedPolicy): void {
    this.set.drop(policy);
    if (policy.type === "owner") this.grants.unhear(policy.id);
  }

  #refusalOf(policy: VerifiedPolicy, from: AgentId | "owner"): PolicyRefusal | undefined {
    const version = versionOf(policy);
    const isEvidence = this.isEvidence(policy);
    if (
      !isEvidence &&
      version !== undefined &&
      belowFloor(this.floors, policy.author, version.stream, version.version)
    ) {
      const floor = this.floors.get(streamKey(policy.author, version.stream));
      const detail = `generation ${version.version.generation} of ${version.stream} is older than ${floor?.generation}, which was in force`;
      return { reason: "olderGeneration", detail };
    }
    if (this.set.roots.revokes(policy)) {
      return { reason: "olderGeneration", detail: "its epoch was revoked by a newer root of its author" };
    }
    if (isReplaceable(policy) && [...this.set.values()].some((held) => replaces(held, policy))) {
      return { reason: "olderGeneration", detail: `a newer ${policy.type} is held already` };
    }
    return this.set.quota.refusalOf(policy, from, this.grants, this.set.generationsOf(policy.author));
  }

  #refuse(policy: VerifiedPolicy, refusal: PolicyRefusal, from: AgentId | "owner", turn: Turn): void {
    turn.tell("policy.rejected", "warn", { ...describe(policy), from, ...refusal });
    if (refusal.reason === "quota") {
      this.set.refused.crowdedOut(policy.id);
      return;
    }
    // Too old to be in force, and yet the first of two bodies, perhaps.
    if (policy.type === "manifest" && this.grants.has(policy.author) && !this.disputes.knows(policy)) {
      if (!this.set.roots.revokes(policy)) this.#remember(policy, turn);
    }
    this.set.refused.outdated(policy.id);
  }

  #remember(manifest: VerifiedManifest, turn: Turn): void {
    const records = this.disputes.remember(manifest);
    if (records.length === 0) return;
    turn.emit({ type: "persist", durability: "batched", records });
    // A fragment that it does not name may have been refused before.
    this.set.refused.evidenceWanted();
  }

  /** A second body of a version whose first is held no longer: both are held from now on, as evidence. */
  #notice(policy: VerifiedPolicy, turn: Turn): boolean {
    const found = this.set.roots.revokes(policy) ? undefined : this.disputes.find(policy);
    if (found === undefined) return false;
    this.set.refused.evidenceWanted();
    turn.emit({ type: "persist", durability: "sync", records: [found.record, recordOf(found.rival)] });
    if (!this.set.has(found.rival.id)) this.#hold(found.rival, undefined);
    return true;
  }

  #hold(policy: VerifiedPolicy, from: AgentId | "owner" | undefined): void {
    this.set.hold(policy, from);
    if (policy.type === "owner" && this.grants.hear(policy.id, policy.word)) {
      this.set.roots.pin(policy.author, this.grants.pinsOf(policy.author));
      this.set.refused.roomMade();
    }
  }

  #pinRoots(): void {
    for (const { author } of this.grants.all()) this.set.roots.pin(author, this.grants.pinsOf(author));
  }

  /** Who may sign for an accepted author, and whom the owner accepts, is trust: no power cut takes it back. */
  #persist(policy: VerifiedPolicy, turn: Turn): void {
    const isTrust =
      (policy.type === "root" && this.grants.has(policy.author)) ||
      (policy.type === "owner" && this.grants.obeys(policy.word.owner));
    const records = [recordOf(policy), ...this.set.quota.introductionOf(policy)];
    turn.emit({ type: "persist", durability: isTrust ? "sync" : "batched", records });
  }

  /** True when something went. */
  #dropReplaced(policy: VerifiedPolicy, turn: Turn): boolean {
    if (policy.type === "root") return this.#dropRevoked(policy.author, turn);
    if (!isReplaceable(policy)) return false;
    const replaced = [...this.set.values()].filter((held) => replaces(policy, held));
    if (replaced.length === 0) return false;
    turn.emit({ type: "persist", durability: "batched", records: replaced.map(deletionOf) });
    for (const old of replaced) this.drop(old);
    return true;
  }

  /** What a newer root revoked is never in force again: it must not take the room of what replaces it. */
  #dropRevoked(author: AuthorId, turn: Turn): boolean {
    const revoked = [...this.set.values()].filter(
      (policy) => policy.author === author && this.set.roots.revokes(policy),
    );
    const epoch = this.set.roots.stateOf(author).root?.epoch ?? 0;
    const records = [...revoked.map(deletionOf), ...this.disputes.endEpochs(author, epoch)];
    if (records.length === 0) return false;
    turn.emit({ type: "persist", durability: "batched", records });
    for (const policy of revoked) this.drop(policy);
    return true;
  }
}
