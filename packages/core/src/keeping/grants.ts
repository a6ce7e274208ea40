import {
  type AuthorId,
  compareText,
  type Grant,
  type OwnerStand,
  type OwnerWord,
  ownerStands,
} from "@antibody/policy";
import type { JournalRecord } from "../contract/output.ts";
import { finished, RareMap } from "./rare.ts";
import { keep, recall } from "./snapshot.ts";

/** A grant that the owner gave on this device. */
export interface LocalGrant {
  readonly grant: Grant;
  /** The owner's newest word on the author at that time: a later refusal for all devices ends this grant too. */
  readonly afterSequence: number;
}

const grantPrefix = "grant/";

/** Whom the owner accepts: by grants on this device, and by words for all of the owner's devices. */
export class Grants {
  #local: RareMap<AuthorId, LocalGrant> = RareMap.of();
  /** Words of the pinned owner that are held, by id. */
  #words: RareMap<string, OwnerWord> = RareMap.of();
  readonly owner: string | undefined;
  #stands: ReadonlyMap<AuthorId, OwnerStand> | undefined;
  #all: readonly Grant[] | undefined;

  constructor(owner: string | undefined) {
    this.owner = owner;
  }

  /** What the journal holds of the grants of this device. */
  read(records: readonly JournalRecord[]): void {
    for (const { key, value } of records) {
      if (!key.startsWith(grantPrefix)) continue;
      const { grant, afterSequence = 0 } = recall<{ grant: Grant; afterSequence?: number }>(value);
      this.restore({ grant, afterSequence });
    }
  }

  restore(local: LocalGrant): void {
    this.#local = this.#local.with(local.grant.author, local);
    this.#forget();
  }

  dump(): readonly LocalGrant[] {
    return [...this.#local.values()];
  }

  /** Every grant that holds now, sorted by author, then by rank. An author may have one of each kind. */
  all(): readonly Grant[] {
    if (this.#all !== undefined) return this.#all;
    const local = [...this.#local.values()].filter((each) => !this.#isEnded(each)).map(({ grant }) => grant);
    const everywhere = this.stands().flatMap(({ grant }) => (grant === undefined ? [] : [grant]));
    const all = [...local, ...everywhere];
    this.#all = all.sort((left, right) => compareText(left.author, right.author) || right.rank - left.rank);
    return this.#all;
  }

  has(author: AuthorId): boolean {
    return this.bytesMaxOf(author) !== undefined;
  }

  /** The largest quota that an author is granted; undefined without a grant. */
  bytesMaxOf(author: AuthorId): number | undefined {
    let most: number | undefined;
    for (const grant of this.all()) {
      if (grant.author === author) most = Math.max(most ?? 0, grant.bytesMax);
    }
    return most;
  }

  /** Whether an owner's key is the one that this device obeys. */
  obeys(owner: string): boolean {
    return owner === this.owner;
  }

  /** The grants of an author. */
  of(author: AuthorId): readonly Grant[] {
    return this.all().filter((grant) => grant.author === author);
  }

  /** Where the owner's words stand, sorted by author. */
  stands(): readonly OwnerStand[] {
    return [...this.#standsByAuthor().values()];
  }

  /** Takes a grant of this device; the record is to be written with `sync`. */
  set(grant: Grant): JournalRecord {
    const afterSequence = this.#standsByAuthor().get(grant.author)?.sequence ?? 0;
    this.restore({ grant, afterSequence });
    const value = keep({ v: 1, grant, ...(afterSequence === 0 ? {} : { afterSequence }) });
    return { key: `${grantPrefix}${grant.author}`, value };
  }

  /** Ends a grant of this device; undefined where there is none. */
  remove(author: AuthorId): JournalRecord | undefined {
    if (!this.#local.delete(author)) return undefined;
    this.#forget();
    return { key: `${grantPrefix}${author}`, value: null };
  }

  /** A word that is held from now on, or no longer. True where it is the pinned owner's. */
  hear(id: string, word: OwnerWord): boolean {
    if (word.owner !== this.owner) return false;
    this.#words = this.#words.with(id, word);
    this.#forget();
    return true;
  }

  unhear(id: string): void {
    if (this.#words.delete(id)) this.#forget();
  }

  /** Digests of roots that grants of an author pin. */
  pinsOf(author: AuthorId): readonly string[] {
    return this.all().flatMap((grant) =>
      grant.author === author && grant.root !== undefined ? [grant.root] : [],
    );
  }

  #isEnded({ grant, afterSequence }: LocalGrant): boolean {
    const stand = this.#standsByAuthor().get(grant.author);
    return stand !== undefined && stand.grant === undefined && stand.sequence > afterSequence;
  }

  #standsByAuthor(): ReadonlyMap<AuthorId, OwnerStand> {
    this.#stands ??= finished(
      new Map(ownerStands(this.#words.values(), this.owner ?? "").map((stand) => [stand.author, stand])),
    );
    return this.#stands;
  }

  #forget(): void {
    this.#stands = undefined;
    this.#all = undefined;
  }
}

/** Why a grant cannot be ended, and what to do instead, as the owner hears it. */
export interface GrantProblem {
  readonly message: string;
  readonly next: string;
}

/** Why there is no grant of this device alone that could be ended. */
export function grantProblem(author: AuthorId, grants: Grants): GrantProblem {
  if (!grants.has(author)) return { message: `no grant for ${author}`, next: "antibody trust list" };
  return {
    message: `${author} is accepted by the owner's word for all devices, not by this device alone`,
    next: `antibody trust remove ${author} --everywhere`,
  };
}
