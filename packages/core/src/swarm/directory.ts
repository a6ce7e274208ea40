import { type AgentId, compareText } from "@antibody/policy";
import type { Snapshot } from "../contract/snapshot.ts";
import type { DeathCertificate, Member } from "../contract/statements.ts";
import { compareIncarnation, isJumpTooLarge } from "../enrolment/incarnation.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import { membersMax } from "../limits.ts";
import { DirectoryDigest } from "./digest.ts";
import type { Roster } from "./roster.ts";
import { type Standing, type Statement, supersedes } from "./supersedes.ts";

/** What became of a member that was offered to the directory. */
export type Acceptance =
  /** Never heard of before. */
  | "joined"
  /** A newer statement of a known member. */
  | "renewed"
  /** The very statement that is held. */
  | "known"
  /** Another statement of the incarnation that is held: the subject lost its state, or lies. */
  | "conflicting"
  | "older"
  /** An incarnation that jumps too far, or one member too many. */
  | "refused";

const standingByCode: readonly (Standing | undefined)[] = [undefined, "alive", "dead", "away", "left"];
/** Changes that are named one by one until someone asks; more than these are a change of everything. A guess. */
const changedMax = 64;

interface DirectoryDump {
  readonly members: readonly Member[];
  readonly deaths: readonly DeathCertificate[];
}

/**
 * Who is enrolled, what each says of itself, and who is dead: the newest statement of each member, shared by
 * reference. Of a pair of agents nothing more is kept here, since a simulator holds a million pairs.
 */
export class Directory {
  #roster: Roster;
  /** By slot of the roster. */
  readonly #members: (Member | undefined)[];
  readonly #deaths = new Map<number, DeathCertificate>();
  /** By slot, as codes: looked up at every step of a walk on the rings. */
  #standings: Uint8Array;
  #changed: number[] | undefined = [];
  readonly #digest = new DirectoryDigest();
  #size = 0;
  #livingCount = 0;
  #presence = 0;
  #revision = 0;

  constructor(roster: Roster) {
    this.#roster = roster;
    // At its full length from the start: an array that is filled in random order would become a hash table.
    this.#members = new Array<Member | undefined>(roster.size);
    this.#standings = new Uint8Array(roster.size);
  }

  static restore(roster: Roster, dump: Snapshot | undefined): Directory {
    const { members, deaths } = recall<DirectoryDump>(dump);
    const directory = new Directory(roster);
    directory.enrol(members);
    for (const member of members) directory.accept(member);
    for (const death of deaths) directory.declareDead(death);
    return directory;
  }

  dump(): Snapshot {
    const dump: DirectoryDump = { members: this.members(), deaths: this.deaths() };
    return keep(dump);
  }

  get roster(): Roster {
    return this.#roster;
  }

  /** Members of any standing. */
  get size(): number {
    return this.#size;
  }

  /** Members that are neither dead nor gone with a goodbye: the n of quorums. */
  get livingCount(): number {
    return this.#livingCount;
  }

  get deathCount(): number {
    return this.#deaths.size;
  }

  /** Rises whenever a standing changed or a place on the rings: observers are chosen anew then. */
  get presence(): number {
    return this.#presence;
  }

  /** Rises whenever anything held here changed. */
  get revision(): number {
    return this.#revision;
  }

  /** 16 hex digits over (agent, incarnation, dead or not) of everyone. */
  get digest(): string {
    return this.#digest.text();
  }

  get bucketDigests(): readonly string[] {
    return this.#digest.buckets();
  }

  get(agent: AgentId): Member | undefined {
    const slot = this.#roster.slotOf(agent);
    return slot === undefined ? undefined : this.#members[slot];
  }

  deathOf(agent: AgentId): DeathCertificate | undefined {
    const slot = this.#roster.slotOf(agent);
    return slot === undefined ? undefined : this.#deaths.get(slot);
  }

  standingOf(agent: AgentId): Standing | undefined {
    const slot = this.#roster.slotOf(agent);
    return slot === undefined ? undefined : this.standingAt(slot);
  }

  standingAt(slot: number): Standing | undefined {
    return standingByCode[this.#standings[slot] ?? 0];
  }

  /** For one reader: slots whose standing changed since its last call; undefined when they were too many to name. */
  takeChanged(): readonly number[] | undefined {
    const changed = this.#changed;
    if (changed === undefined || changed.length > 0) this.#changed = [];
    return changed;
  }

  /** Everyone, in order of agents. */
  members(): Member[] {
    const known: Member[] = [];
    this.visit((member) => known.push(member));
    return known;
  }

  /** Everyone, with the death of who is dead, in order of agents. */
  visit(visitor: (member: Member, death: DeathCertificate | undefined) => void): void {
    for (const slot of this.#roster.slotsByAgent) {
      const member = this.#members[slot];
      if (member !== undefined) visitor(member, this.#deaths.get(slot));
    }
  }

  deaths(): DeathCertificate[] {
    return [...this.#deaths.values()].sort((left, right) => compareText(left.subject, right.subject));
  }

  /** The members in some buckets, in order of agents. */
  membersIn(buckets: ReadonlySet<number>): Member[] {
    return this.members().filter((member) => buckets.has(this.bucketOf(member.certificate.agent)));
  }

  bucketOf(agent: AgentId): number {
    const slot = this.#roster.slotOf(agent);
    return slot === undefined ? 0 : this.#digest.bucketOf(this.#roster.seedAt(slot));
  }

  /**
   * Gives many newcomers their slots at once: one by one costs a copy of the roster each. Those that `accept` will
   * refuse get none: an inviter can make members without end, and slots are never freed.
   */
  enrol(members: readonly Member[]): void {
    const newcomers = members
      .filter(({ certificate, entry }) => {
        const isNew = this.#roster.slotOf(certificate.agent) === undefined;
        return isNew && !isJumpTooLarge(undefined, entry.entry.incarnation);
      })
      .slice(0, membersMax - this.#size);
    if (newcomers.length > 0) this.#grow(this.#roster.with(newcomers.map(({ certificate }) => certificate)));
  }

  /** Takes a member's statement if it supersedes what is held. */
  accept(member: Member): Acceptance {
    const { agent } = member.certificate;
    const { entry, digest } = member.entry;
    const held = this.get(agent);
    if (held === undefined) {
      if (this.#size >= membersMax || isJumpTooLarge(undefined, entry.incarnation)) return "refused";
      this.#put(member);
      return "joined";
    }
    const known: Statement = this.#statementAt(this.#slot(agent)) as Statement;
    if (!supersedes({ standing: entry.status, incarnation: entry.incarnation }, known)) {
      if (held.entry.digest === digest) return "known";
      return compareIncarnation(entry.incarnation, known.incarnation) === 0 ? "conflicting" : "older";
    }
    if (isJumpTooLarge(held.entry.entry.incarnation, entry.incarnation)) return "refused";
    const certificate = preferredCertificate(held, member);
    // The same object where possible: the minds of a simulator share it.
    this.#put(certificate === member.certificate ? member : { certificate, entry: member.entry });
    return "renewed";
  }

  /**
   * Marks a member dead in the incarnation that is held. The votes were counted by the caller; a certificate on
   * another incarnation, or on one that said goodbye, changes nothing.
   */
  declareDead(death: DeathCertificate): boolean {
    const slot = this.#roster.slotOf(death.subject);
    const known = slot === undefined ? undefined : this.#statementAt(slot);
    if (slot === undefined || known === undefined) return false;
    if (compareIncarnation(death.incarnation, known.incarnation) !== 0) return false;
    if (!supersedes({ standing: "dead", incarnation: death.incarnation }, known)) return false;
    this.#change(slot, () => this.#deaths.set(slot, death));
    return true;
  }

  #put(member: Member): void {
    if (!this.#roster.has(member.certificate)) {
      this.#grow(this.#roster.with([member.certificate]));
    }
    const slot = this.#slot(member.certificate.agent);
    if (this.#members[slot] === undefined) this.#size += 1;
    this.#change(slot, () => {
      this.#deaths.delete(slot);
      this.#members[slot] = member;
    });
  }

  #grow(roster: Roster): void {
    const standings = new Uint8Array(roster.size);
    standings.set(this.#standings);
    this.#standings = standings;
    this.#roster = roster;
    this.#presence += 1;
  }

  /** Changes what is held of a slot, and keeps counts and digests true to it. */
  #change(slot: number, apply: () => void): void {
    this.#revision += 1;
    const before = this.#statementAt(slot);
    apply();
    const after = this.#statementAt(slot);
    if (before !== undefined) this.#toggle(slot, before);
    if (after !== undefined) this.#toggle(slot, after);
    if (before?.standing === after?.standing) return;
    this.#presence += 1;
    this.#standings[slot] = after === undefined ? 0 : standingByCode.indexOf(after.standing);
    if (this.#changed !== undefined) {
      if (this.#changed.length < changedMax) this.#changed.push(slot);
      else this.#changed = undefined;
    }
    this.#livingCount += Number(isLiving(after?.standing)) - Number(isLiving(before?.standing));
  }

  #toggle(slot: number, statement: Statement): void {
    this.#digest.toggle(this.#roster.seedAt(slot), statement.incarnation, statement.standing === "dead");
  }

  #statementAt(slot: number): Statement | undefined {
    const member = this.#members[slot];
    if (member === undefined) return undefined;
    const { incarnation, status } = member.entry.entry;
    return { standing: this.#deaths.has(slot) ? "dead" : status, incarnation };
  }

  #slot(agent: AgentId): number {
    const slot = this.#roster.slotOf(agent);
    if (slot === undefined) throw new Error(`${agent} has no slot`);
    return slot;
  }
}

function isLiving(standing: Standing | undefined): boolean {
  return standing === "alive" || standing === "away";
}

/**
 * The certificate that stands: the one of the higher serial. Two of one serial come from two inviters; the
 * smaller nonce is chosen only so that all agents choose the same one.
 */
function preferredCertificate(held: Member, next: Member): Member["certificate"] {
  const [old, young] = [held.certificate.certificate, next.certificate.certificate];
  if (young.serial !== old.serial) return young.serial > old.serial ? next.certificate : held.certificate;
  return young.nonce < old.nonce ? next.certificate : held.certificate;
}
