import type { AgentId, AuthorId, Grant, VerifiedPolicy } from "@antibody/policy";
import { rootsPerIntroducerMax, ungrantedBytesMax } from "../limits.ts";

/** Who takes how much room: bytes held of each author, and authors introduced by each peer. */
export class PolicyQuota {
  readonly #bytes = new Map<AuthorId, number>();
  readonly #introducers = new Map<AuthorId, AgentId | "owner">();

  introducerOf(author: AuthorId): AgentId | "owner" | undefined {
    return this.#introducers.get(author);
  }

  add(policy: VerifiedPolicy, from: AgentId | "owner" | undefined): void {
    this.#bytes.set(policy.author, (this.#bytes.get(policy.author) ?? 0) + policy.bytes.length);
    if (policy.type === "root" && from !== undefined && !this.#introducers.has(policy.author)) {
      this.#introducers.set(policy.author, from);
    }
  }

  remove(policy: VerifiedPolicy): void {
    this.#bytes.set(policy.author, (this.#bytes.get(policy.author) ?? 0) - policy.bytes.length);
  }

  /** Why an envelope is too much; undefined when there is room. */
  refusalOf(
    policy: VerifiedPolicy,
    from: AgentId | "owner",
    grant: Grant | undefined,
  ): { readonly reason: "quota"; readonly detail: string } | undefined {
    // Room for the generation in force and for the one that arrives.
    const bytesMax = grant === undefined ? ungrantedBytesMax : 2 * grant.bytesMax;
    const bytes = (this.#bytes.get(policy.author) ?? 0) + policy.bytes.length;
    if (from !== "owner" && bytes > bytesMax) {
      return { reason: "quota", detail: `${bytes} bytes of this author, at most ${bytesMax} are kept` };
    }
    if (policy.type !== "root" || from === "owner" || this.#introducers.has(policy.author)) return undefined;
    let introduced = 0;
    for (const introducer of this.#introducers.values()) if (introducer === from) introduced += 1;
    if (introduced < rootsPerIntroducerMax) return undefined;
    return { reason: "quota", detail: `${from} introduced ${introduced} authors already` };
  }
}
