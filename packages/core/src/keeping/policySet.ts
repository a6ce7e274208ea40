import { type AgentId, type Crypto, compareText, streamKey, type VerifiedPolicy } from "@antibody/policy";
import type { PolicyHolding } from "../contract/knowledge.ts";
import type { PolicyHeads } from "../contract/messages.ts";
import { policyIdsMax } from "../limits.ts";
import { digestOfIds, headsOf, isOutdated } from "./heads.ts";
import { PolicyQuota } from "./quota.ts";
import { RareSet } from "./rare.ts";
import { takeOrder } from "./records.ts";
import { RefusedIds } from "./refusedIds.ts";
import { Roots } from "./roots.ts";

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
  readonly #held = new Map<string, VerifiedPolicy>();
  /** Ids that were taken in since the view was made: they change nothing that is in force. */
  readonly #unseen = new RareSet<string>();
  readonly roots: Roots = new Roots();
  readonly quota: PolicyQuota = new PolicyQuota();
  refused: RefusedIds = new RefusedIds();
  /** Whether a document is evidence: it is exchanged however old it is. */
  isEvidence: (policy: VerifiedPolicy) => boolean = () => false;
  #heads: PolicyHeads | undefined;
  #digest: string | undefined;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
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

  values(): IterableIterator<VerifiedPolicy> {
    return this.#held.values();
  }

  hold(policy: VerifiedPolicy, from: AgentId | "owner" | undefined): void {
    this.#held.set(policy.id, policy);
    this.#unseen.add(policy.id);
    this.quota.add(policy, from);
    if (policy.type === "root") this.roots.add(policy);
    this.#forgetDigests();
  }

  drop(policy: VerifiedPolicy): void {
    this.#held.delete(policy.id);
    this.#unseen.delete(policy.id);
    this.quota.remove(policy);
    this.refused.roomMade();
    this.refused.outdated(policy.id);
    this.#forgetDigests();
  }

  /** Everything held so far is in the view that is made now. */
  seen(): void {
    this.#unseen.clear();
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
    this.#digest ??= digestOfIds(this.heads().ids, this.#crypto);
    return this.#digest;
  }

  heads(): PolicyHeads {
    this.#heads ??= headsOf(this.#held);
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
      return this.isEvidence(policy) || !isOutdated(policy, newest);
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
