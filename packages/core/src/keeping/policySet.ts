import {
  type AgentId,
  type AuthorId,
  type Crypto,
  compareText,
  type Directive,
  type FragmentId,
  streamKey,
  type VerifiedDirective,
  type VerifiedManifest,
  type VerifiedPolicy,
  type Version,
} from "@antibody/policy";
import type { PolicyHolding } from "../contract/knowledge.ts";
import type { PolicyHeads } from "../contract/messages.ts";
import type { Sharing } from "../contract/sharing.ts";
import { policyIdsMax } from "../limits.ts";
import { digestOfIds, headsOf, isOutdated } from "./heads.ts";
import { PolicyQuota } from "./quota.ts";
import { RareMap, RareSet } from "./rare.ts";
import { takeOrder } from "./records.ts";
import { RefusedIds } from "./refusedIds.ts";
import { Roots } from "./roots.ts";

const none: readonly VerifiedManifest[] = [];

/** What says whether a document is evidence: it is exchanged however old it is. */
export interface Evidence {
  isEvidence(policy: VerifiedPolicy): boolean;
}

/** One document held, with who brought its author here. */
export interface HeldPolicy {
  readonly policy: VerifiedPolicy;
  readonly introducer: AgentId | "owner" | undefined;
}

/**
 * The verified envelopes that an agent holds, and what anti-entropy asks of them. It knows what is here, not what is
 * in force.
 */
export class PolicySet implements PolicyHolding {
  readonly #crypto: Crypto;
  readonly #sharing: Sharing;
  #held: RareMap<string, VerifiedPolicy> = RareMap.of();
  /** Ids that were taken in since the view was made: they change nothing that is in force. */
  #unseen: RareSet<string> = RareSet.of();
  readonly roots: Roots;
  readonly quota: PolicyQuota = new PolicyQuota();
  refused: RefusedIds = new RefusedIds();
  readonly #evidence: Evidence;
  /** Manifests that say how they come into force, and what their authors said of them since. */
  #staged: RareMap<string, VerifiedManifest> = RareMap.of();
  #directives: RareSet<VerifiedDirective> = RareSet.of();
  #heads: PolicyHeads | undefined;
  #digest: string | undefined;

  constructor(crypto: Crypto, sharing: Sharing, evidence: Evidence) {
    this.#evidence = evidence;
    this.#crypto = crypto;
    this.#sharing = sharing;
    this.roots = new Roots(sharing);
  }

  get size(): number {
    return this.#held.size;
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  get(id: string): VerifiedPolicy | undefined {
    return this.#held.get(id);
  }

  values(): Iterable<VerifiedPolicy> {
    return this.#held.values();
  }

  hold(policy: VerifiedPolicy, from: AgentId | "owner" | undefined): void {
    this.#held = this.#held.with(policy.id, policy);
    this.#unseen = this.#unseen.with(policy.id);
    this.quota.add(policy, from);
    if (policy.type === "root") this.roots.add(policy);
    if (policy.type === "manifest" && policy.manifest.staging !== undefined)
      this.#staged = this.#staged.with(policy.id, policy);
    if (policy.type === "directive") this.#directives = this.#directives.with(policy);
    this.#forgetDigests();
  }

  drop(policy: VerifiedPolicy): void {
    this.#held.delete(policy.id);
    this.#unseen.delete(policy.id);
    this.quota.remove(policy);
    this.#staged.delete(policy.id);
    if (policy.type === "directive") this.#directives.delete(policy);
    this.refused.roomMade();
    this.refused.outdated(policy.id);
    this.#forgetDigests();
  }

  /** Manifests with a staging, sorted by id. */
  staged(): readonly VerifiedManifest[] {
    if (this.#staged.size === 0) return none;
    return [...this.#staged.values()].sort((left, right) => compareText(left.id, right.id));
  }

  /** Generations of one stream that an author needs room for: on trial, the one before stays beside the next. */
  generationsOf(author: AuthorId): number {
    for (const staged of this.#staged.values()) if (staged.author === author) return 3;
    return 2;
  }

  /** What the author said of one generation. */
  directivesOn(manifest: FragmentId): readonly Directive[] {
    return [...this.#directives]
      .map(({ directive }) => directive)
      .filter((directive) => directive.manifest === manifest);
  }

  /** Everything held so far is in the view that is made now. */
  seen(): void {
    this.#unseen = RareSet.of();
  }

  unseen(): readonly string[] {
    return [...this.#unseen];
  }

  dump(): readonly HeldPolicy[] {
    return [...this.#held.values()].map((policy) => ({
      policy,
      introducer: policy.type === "root" ? this.quota.introducerOf(policy.author) : undefined,
    }));
  }

  digest(): string {
    this.#digest ??= digestOfIds(this.#compared(), this.#crypto);
    return this.#digest;
  }

  /**
   * While a generation comes into force in stages, those that go first drop what was before, and the others keep it:
   * it is left out of what is compared, so that they do not find themselves at odds all the while.
   */
  #compared(): readonly string[] {
    const { ids, streams } = this.heads();
    if (this.#staged.size === 0) return ids;
    const newest = new Map<string, Version>();
    for (const { author, stream, version, manifest } of streams) {
      if (this.#staged.has(manifest)) newest.set(streamKey(author, stream), version);
    }
    return ids.filter((id) => {
      const policy = this.#held.get(id);
      return policy !== undefined && (this.#evidence.isEvidence(policy) || !isOutdated(policy, newest));
    });
  }

  heads(): PolicyHeads {
    this.#heads ??= this.#sharing.of("heads", headsOf([...this.#held.values()]));
    return this.#heads;
  }

  wantedFrom(theirs: PolicyHeads): readonly string[] {
    return theirs.ids.filter((id) => !this.#held.has(id) && !this.refused.has(id)).slice(0, policyIdsMax);
  }

  lackedBy(theirs: PolicyHeads): readonly string[] {
    const there = new Set(theirs.ids);
    const newest = new Map(theirs.streams.map((head) => [streamKey(head.author, head.stream), head.version]));
    const lacked = this.heads().ids.filter((id) => {
      const policy = this.#held.get(id);
      if (policy === undefined || there.has(id)) return false;
      return this.#evidence.isEvidence(policy) || !isOutdated(policy, newest);
    });
    // Roots first, in what may be cut short: without them the other side can verify nothing of the rest.
    const isRoot = (id: string): boolean => this.#held.get(id)?.type === "root";
    return [...lacked.filter(isRoot), ...lacked.filter((id) => !isRoot(id))];
  }

  take(ids: readonly string[]): readonly VerifiedPolicy[] {
    const taken = [...new Set(ids)].map((id) => this.#held.get(id)).filter((policy) => policy !== undefined);
    return taken.sort((left, right) => takeOrder(left) - takeOrder(right) || compareText(left.id, right.id));
  }

  #forgetDigests(): void {
    this.#heads = undefined;
    this.#digest = undefined;
  }
}
