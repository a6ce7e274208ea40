import {
  type AuthorId,
  followRoots,
  idDigest,
  type Root,
  type RootsState,
  toHex,
  type VerifiedPolicy,
  type VerifiedRoot,
} from "@antibody/policy";
import { versionOf } from "./heads.ts";
import { RareMap } from "./rare.ts";

const nothing: RootsState = { newest: [] };

/** The roots held of each author, all of them, and which one is followed. */
export class Roots {
  /** By digest, in hexadecimal. */
  readonly #roots = new RareMap<AuthorId, Map<string, VerifiedRoot>>();
  readonly #states = new RareMap<AuthorId, RootsState>();
  /** Digests that the owner's grants pin. */
  readonly #pins = new RareMap<AuthorId, readonly string[]>();

  add(policy: VerifiedRoot): void {
    const known = this.#roots.get(policy.author) ?? new Map<string, VerifiedRoot>();
    this.#roots.set(policy.author, known);
    known.set(toHex(idDigest(policy.id) ?? new Uint8Array()), policy);
    this.#follow(policy.author);
  }

  /** Where an author has made two roots of one number, the owner follows the branch of a pinned one. */
  pin(author: AuthorId, digests: readonly string[]): void {
    if (digests.length === 0 && !this.#pins.has(author)) return;
    if (digests.length === 0) this.#pins.delete(author);
    else this.#pins.set(author, digests);
    this.#follow(author);
  }

  stateOf(author: AuthorId): RootsState {
    return this.#states.get(author) ?? nothing;
  }

  /** The newest root. Of several branches one of them: it verifies what comes in, and decides nothing. */
  newest(author: AuthorId): Root | undefined {
    return this.stateOf(author).newest[0];
  }

  withDigest(author: AuthorId, digest: string): Root | undefined {
    return this.#roots.get(author)?.get(digest)?.root;
  }

  /** Every author with a root here. */
  authors(): readonly AuthorId[] {
    return [...this.#roots.keys()];
  }

  /** Whether the author's newest root has ended the epoch of a document, and does not carry it over. */
  revokes(policy: VerifiedPolicy): boolean {
    const { root } = this.stateOf(policy.author);
    const epoch = epochOf(policy);
    if (root === undefined || epoch === undefined || epoch >= root.epoch) return false;
    const digest = idDigest(policy.id);
    return digest === undefined || !root.carry.includes(toHex(digest));
  }

  #follow(author: AuthorId): void {
    const held = [...(this.#roots.get(author)?.values() ?? [])];
    this.#states.set(author, followRoots(held, this.#pins.get(author) ?? []));
  }
}

function epochOf(policy: VerifiedPolicy): number | undefined {
  return policy.type === "heartbeat" ? policy.heartbeat.epoch : versionOf(policy)?.version.epoch;
}
