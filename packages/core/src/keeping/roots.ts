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
import type { Sharing } from "../contract/sharing.ts";
import { versionOf } from "./heads.ts";
import { RareMap } from "./rare.ts";

/** What is held of one author, in the order in which it came, and which root is followed. Never changed. */
interface AuthorRoots {
  readonly held: readonly VerifiedRoot[];
  readonly state: RootsState;
}

const nothing: AuthorRoots = { held: [], state: { newest: [] } };

/** The roots held of each author, all of them, and which one is followed. */
export class Roots {
  readonly #sharing: Sharing;
  #authors: RareMap<AuthorId, AuthorRoots> = RareMap.of();
  /** Digests that the owner's grants pin. */
  #pins: RareMap<AuthorId, readonly string[]> = RareMap.of();

  constructor(sharing: Sharing) {
    this.#sharing = sharing;
  }

  add(policy: VerifiedRoot): void {
    const { held } = this.#of(policy.author);
    this.#follow(policy.author, [...held.filter(({ id }) => id !== policy.id), policy]);
  }

  /** Where an author has made two roots of one number, the owner follows the branch of a pinned one. */
  pin(author: AuthorId, digests: readonly string[]): void {
    if (digests.length === 0 && !this.#pins.has(author)) return;
    if (digests.length === 0) this.#pins.delete(author);
    else this.#pins = this.#pins.with(author, digests);
    this.#follow(author, this.#of(author).held);
  }

  stateOf(author: AuthorId): RootsState {
    return this.#of(author).state;
  }

  /** The newest root. Of several branches one of them: it verifies what comes in, and decides nothing. */
  newest(author: AuthorId): Root | undefined {
    return this.stateOf(author).newest[0];
  }

  withDigest(author: AuthorId, digest: string): Root | undefined {
    return this.#of(author).held.find(({ id }) => digestOf(id) === digest)?.root;
  }

  /** Every author with a root here. */
  authors(): readonly AuthorId[] {
    return [...this.#authors].flatMap(([author, { held }]) => (held.length === 0 ? [] : [author]));
  }

  /** Whether the author's newest root has ended the epoch of a document, and does not carry it over. */
  revokes(policy: VerifiedPolicy): boolean {
    const { root } = this.stateOf(policy.author);
    const epoch = epochOf(policy);
    if (root === undefined || epoch === undefined || epoch >= root.epoch) return false;
    const digest = digestOf(policy.id);
    return digest === undefined || !root.carry.includes(digest);
  }

  #of(author: AuthorId): AuthorRoots {
    return this.#authors.get(author) ?? nothing;
  }

  #follow(author: AuthorId, held: readonly VerifiedRoot[]): void {
    const state = followRoots(held, this.#pins.get(author) ?? []);
    this.#authors = this.#authors.with(author, this.#sharing.of("roots", { held, state }));
  }
}

/** In hexadecimal. */
function digestOf(id: string): string | undefined {
  const digest = idDigest(id);
  return digest === undefined ? undefined : toHex(digest);
}

function epochOf(policy: VerifiedPolicy): number | undefined {
  return policy.type === "heartbeat" ? policy.heartbeat.epoch : versionOf(policy)?.version.epoch;
}
