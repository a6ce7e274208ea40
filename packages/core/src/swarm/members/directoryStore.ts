import type { DeathCertificate, Member } from "../../contract/statements.ts";
import { RareMap } from "../../keeping/rare.ts";
import type { Standing } from "./supersedes.ts";

/**
 * Where one agent's directory keeps what it holds of each slot of its roster. It decides nothing. On a device it is
 * plain; the agents of a simulator share columns. Both pass one contract suite.
 */
export interface DirectoryStore {
  /** The newest statement of a slot; undefined while nothing is held of it. */
  memberAt(slot: number): Member | undefined;
  /** The death of a slot that is held dead. */
  deathAt(slot: number): DeathCertificate | undefined;
  /** What the two say together: looked up at every step of a walk on the rings. */
  standingAt(slot: number): Standing | undefined;
  put(slot: number, member: Member, death: DeathCertificate | undefined): void;
  /** Nothing is held of a slot any more. */
  remove(slot: number): void;
  /** The roster has so many slots from now on. */
  grow(size: number): void;
  /** Slots that are held dead, in no order. */
  deadSlots(): readonly number[];
}

const standingByCode: readonly (Standing | undefined)[] = [undefined, "alive", "dead", "away", "left"];

/** A store of one agent alone. */
export class PlainDirectoryStore implements DirectoryStore {
  readonly #members: (Member | undefined)[];
  #deaths: RareMap<number, DeathCertificate> = RareMap.of();
  /** As codes. */
  #standings: Uint8Array;

  constructor(size: number) {
    // At its full length from the start: an array that is filled in random order would become a hash table.
    this.#members = new Array<Member | undefined>(size);
    this.#standings = new Uint8Array(size);
  }

  memberAt(slot: number): Member | undefined {
    return this.#members[slot];
  }

  deathAt(slot: number): DeathCertificate | undefined {
    return this.#deaths.get(slot);
  }

  standingAt(slot: number): Standing | undefined {
    return standingByCode[this.#standings[slot] ?? 0];
  }

  put(slot: number, member: Member, death: DeathCertificate | undefined): void {
    this.#members[slot] = member;
    if (death === undefined) this.#deaths.delete(slot);
    else this.#deaths = this.#deaths.with(slot, death);
    this.#standings[slot] = standingByCode.indexOf(death === undefined ? member.entry.entry.status : "dead");
  }

  remove(slot: number): void {
    this.#members[slot] = undefined;
    this.#deaths.delete(slot);
    this.#standings[slot] = 0;
  }

  grow(size: number): void {
    if (size === this.#standings.length) return;
    const standings = new Uint8Array(size);
    standings.set(this.#standings);
    this.#standings = standings;
  }

  deadSlots(): readonly number[] {
    return [...this.#deaths.keys()];
  }
}
