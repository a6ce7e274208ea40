import type { AgentId } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { DeathCertificate, Member } from "../../contract/statements.ts";
import { compareIncarnation, isJumpTooLarge } from "../../enrolment/incarnation.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import { membersMax } from "../../limits.ts";
import { DirectoryDigest, type Toggled } from "./digest.ts";
import { type DirectoryStore, PlainDirectoryStore } from "./directoryStore.ts";
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

/** Changes that are named one by one until someone asks; more than these are a change of everything. A guess. */
const changedMax = 64;
const nobody: readonly number[] = [];

interface DirectoryDump {
  readonly members: readonly Member[];
  readonly deaths: readonly DeathCertificate[];
}

/** What a directory begins with where its agent was not alone before: the minds of a simulator share it. */
export interface Founding {
  /** The directory that every founder holds. It must not change any more. */
  readonly directory: Directory;
  /** One founder's own store. It holds what that directory does, but nothing of the founder itself. */
  readonly store: DirectoryStore;
}

interface Counts {
  /** Members of any standing. */
  size: number;
  alive: number;
  away: number;
  dead: number;
}

/**
 * Who is enrolled, what each says of itself, and who is dead: the newest statement of each member, shared by
 * reference. Of a pair of agents nothing more is kept here, since a simulator holds a hundred million pairs.
 */
export class Directory {
  #roster: Roster;
  readonly #store: DirectoryStore;
  readonly #counts: Counts = { size: 0, alive: 0, away: 0, dead: 0 };
  readonly #digest: DirectoryDigest;
  /** undefined when they are too many to name. A list of its own only while there is something in it. */
  #changed: number[] | "nothing" | undefined = "nothing";
  #presence = 0;
  #revision = 0;
  /** The dead as they were last asked for: after a massacre hundreds, and looked at again and again. */
  #dead: { readonly revision: number; readonly slots: readonly number[] } | undefined;
  /** Members that there is room for; more where a simulator founds a larger swarm. */
  readonly membersMax: number;

  constructor(
    roster: Roster,
    store: DirectoryStore = new PlainDirectoryStore(roster.size),
    digest: DirectoryDigest = new DirectoryDigest(),
  ) {
    this.#roster = roster;
    this.#store = store;
    this.#digest = digest;
    this.membersMax = Math.max(membersMax, roster.size);
  }

  /** A founder's directory: of everyone but the founder itself, whose own entry is still to be signed. */
  static founded({ directory: shared, store }: Founding, founder: AgentId): Directory {
    const digest = DirectoryDigest.copyOf(shared.#digest, (toggled) => shared.#toggleAll(toggled));
    const directory = new Directory(shared.#roster, store, digest);
    Object.assign(directory.#counts, shared.#counts);
    const slot = directory.#slot(founder);
    directory.#count(shared.#statementAt(slot), directory.#statementAt(slot), slot);
    return directory;
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
    return this.#counts.size;
  }

  /** Members that are neither dead nor gone with a goodbye: the n of quorums. */
  get livingCount(): number {
    return this.#counts.alive + this.#counts.away;
  }

  get deathCount(): number {
    return this.#counts.dead;
  }

  /** Nobody on the roster is unknown, away or gone with a goodbye: all neighbors on the rings observe, or are dead. */
  get isWhole(): boolean {
    return this.#counts.alive + this.#counts.dead === this.#roster.size;
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
    return this.#digest.buckets((toggled) => this.#toggleAll(toggled));
  }

  get(agent: AgentId): Member | undefined {
    const slot = this.#roster.slotOf(agent);
    return slot === undefined ? undefined : this.#store.memberAt(slot);
  }

  deathOf(agent: AgentId): DeathCertificate | undefined {
    const slot = this.#roster.slotOf(agent);
    return slot === undefined ? undefined : this.#store.deathAt(slot);
  }

  standingOf(agent: AgentId): Standing | undefined {
    const slot = this.#roster.slotOf(agent);
    return slot === undefined ? undefined : this.#store.standingAt(slot);
  }

  standingAt(slot: number): Standing | undefined {
    return this.#store.standingAt(slot);
  }

  /** For one reader: slots whose standing changed since its last call; undefined when they were too many to name. */
  takeChanged(): readonly number[] | undefined {
    const changed = this.#changed;
    this.#changed = "nothing";
    return changed === "nothing" ? nobody : changed;
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
      const member = this.#store.memberAt(slot);
      if (member !== undefined) visitor(member, this.#store.deathAt(slot));
    }
  }

  /** Of everyone who is held dead, in order of agents. */
  deaths(): DeathCertificate[] {
    return this.#deadSlots().map((slot) => this.#store.deathAt(slot) as DeathCertificate);
  }

  /** Everyone who is held dead, in order of agents. */
  visitDead(visitor: (member: Member, death: DeathCertificate) => void): void {
    for (const slot of this.#deadSlots()) {
      visitor(this.#store.memberAt(slot) as Member, this.#store.deathAt(slot) as DeathCertificate);
    }
  }

  /** The members in some buckets, in order of agents. */
  membersIn(buckets: ReadonlySet<number>): Member[] {
    const members: Member[] = [];
    for (const slot of this.#roster.slotsByAgent) {
      if (!buckets.has(this.#digest.bucketOf(this.#roster.seedAt(slot)))) continue;
      const member = this.#store.memberAt(slot);
      if (member !== undefined) members.push(member);
    }
    return members;
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
      .slice(0, this.membersMax - this.size);
    if (newcomers.length > 0) this.#grow(this.#roster.with(newcomers.map(({ certificate }) => certificate)));
  }

  /** Takes a member's statement if it supersedes what is held. */
  accept(member: Member): Acceptance {
    const { agent } = member.certificate;
    const { entry, digest } = member.entry;
    const held = this.get(agent);
    if (held === undefined) {
      if (this.size >= this.membersMax || isJumpTooLarge(undefined, entry.incarnation)) return "refused";
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
    const member = slot === undefined ? undefined : this.#store.memberAt(slot);
    const standing = slot === undefined ? undefined : this.#store.standingAt(slot);
    if (slot === undefined || member === undefined || standing === undefined) return false;
    const known: Statement = { standing, incarnation: member.entry.entry.incarnation };
    if (compareIncarnation(death.incarnation, known.incarnation) !== 0) return false;
    const dead: Statement = { standing: "dead", incarnation: death.incarnation };
    if (!supersedes(dead, known)) return false;
    this.#store.put(slot, member, death);
    this.#noteChange(slot, known, dead);
    return true;
  }

  #deadSlots(): readonly number[] {
    if (this.#dead?.revision !== this.#revision) {
      const slots = [...this.#store.deadSlots()];
      slots.sort((left, right) => this.#roster.rankAt(left) - this.#roster.rankAt(right));
      this.#dead = { revision: this.#revision, slots: this.#roster.sharedList(slots) };
    }
    return this.#dead.slots;
  }

  #put(member: Member): void {
    if (!this.#roster.has(member.certificate)) {
      this.#grow(this.#roster.with([member.certificate]));
    }
    const slot = this.#slot(member.certificate.agent);
    const before = this.#statementAt(slot);
    this.#store.put(slot, member, undefined);
    const { status, incarnation } = member.entry.entry;
    this.#noteChange(slot, before, { standing: status, incarnation });
  }

  #grow(roster: Roster): void {
    this.#store.grow(roster.size);
    this.#roster = roster;
    this.#presence += 1;
  }

  /** Forgets a member that belongs to the swarm no longer. Its place on the rings stays, and is walked over. */
  remove(agent: AgentId): void {
    const slot = this.#roster.slotOf(agent);
    const before = slot === undefined ? undefined : this.#statementAt(slot);
    if (slot === undefined || before === undefined) return;
    this.#store.remove(slot);
    this.#noteChange(slot, before, undefined);
  }

  /** Keeps counts and digests true to what is held of a slot by now. */
  #noteChange(slot: number, before: Statement | undefined, after: Statement | undefined): void {
    this.#revision += 1;
    this.#count(before, after, slot);
    if (before?.standing === after?.standing) return;
    this.#presence += 1;
    if (this.#changed === "nothing") this.#changed = [slot];
    else if (this.#changed !== undefined && this.#changed.length < changedMax) this.#changed.push(slot);
    else this.#changed = undefined;
  }

  #count(before: Statement | undefined, after: Statement | undefined, slot: number): void {
    if (before !== undefined) {
      this.#toggle(slot, before, this.#digest);
      this.#tally(before.standing, -1);
    }
    if (after !== undefined) {
      this.#toggle(slot, after, this.#digest);
      this.#tally(after.standing, 1);
    }
  }

  #tally(standing: Standing, by: 1 | -1): void {
    this.#counts.size += by;
    if (standing !== "left") this.#counts[standing] += by;
  }

  #toggleAll(toggled: Toggled): void {
    for (let slot = 0; slot < this.#roster.size; slot += 1) {
      const statement = this.#statementAt(slot);
      if (statement !== undefined) this.#toggle(slot, statement, toggled);
    }
  }

  #toggle(slot: number, { incarnation, standing }: Statement, digest: Toggled): void {
    digest.toggle(this.#roster.seedAt(slot), incarnation, standing === "dead");
  }

  #statementAt(slot: number): Statement | undefined {
    const member = this.#store.memberAt(slot);
    const standing = this.#store.standingAt(slot);
    if (member === undefined || standing === undefined) return undefined;
    return { standing, incarnation: member.entry.entry.incarnation };
  }

  #slot(agent: AgentId): number {
    const slot = this.#roster.slotOf(agent);
    if (slot === undefined) throw new Error(`${agent} has no slot`);
    return slot;
  }
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
