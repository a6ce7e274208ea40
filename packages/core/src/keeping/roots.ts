import {
  type AuthorId,
  idDigest,
  type Root,
  toHex,
  type VerifiedPolicy,
  type VerifiedRoot,
} from "@antibody/policy";
import { versionOf } from "./heads.ts";

/** The roots held of each author. Of two of one number (an equivocation) the first that came stands. */
export class Roots {
  readonly #roots = new Map<AuthorId, Map<number, Root>>();
  readonly #newest = new Map<AuthorId, Root>();

  add({ author, root }: VerifiedRoot): void {
    const numbered = this.#roots.get(author) ?? new Map<number, Root>();
    this.#roots.set(author, numbered);
    if (!numbered.has(root.number)) numbered.set(root.number, root);
    const newest = this.#newest.get(author);
    if (newest === undefined || newest.number < root.number) this.#newest.set(author, root);
  }

  newest(author: AuthorId): Root | undefined {
    return this.#newest.get(author);
  }

  numbered(author: AuthorId, number: number): Root | undefined {
    return this.#roots.get(author)?.get(number);
  }

  /** Whether the author's newest root has ended the epoch of a document, and does not carry it over. */
  revokes(policy: VerifiedPolicy): boolean {
    const root = this.#newest.get(policy.author);
    const epoch = versionOf(policy)?.version.epoch;
    if (root === undefined || epoch === undefined || epoch >= root.epoch) return false;
    const digest = idDigest(policy.id);
    return digest === undefined || !root.carry.includes(toHex(digest));
  }
}
