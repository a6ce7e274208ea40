import type { DeathCertificate, Directory, DirectoryStore, Member } from "@antibody/core";
import { Column, type Fact, is } from "./column.ts";

type Standing = ReturnType<DirectoryStore["standingAt"]>;

/**
 * The directories of all agents of a world: for each member what all hold of it, and a column of who holds what only
 * while they differ. Everyone begins with the directory that all were enrolled with. Nothing is decided here: the
 * minds put in what they accept, and read what they put in.
 */
export class DirectoryColumns {
  readonly #enrolled: readonly Fact[];
  /** By slot: what all hold, where there is no column. */
  readonly #common: Fact[];
  readonly #columns: (Column | undefined)[];
  /** Slots with a column, slots of which all hold something newer than at first, slots that someone holds dead. */
  readonly #open = new Set<number>();
  readonly #moved = new Set<number>();
  readonly #dead = new Set<number>();
  /** Agents whose process runs, in order of their index. */
  readonly #running = new Set<number>();
  readonly #agents: number;

  constructor(enrolled: Directory) {
    const { roster } = enrolled;
    this.#agents = roster.size;
    this.#enrolled = Array.from({ length: roster.size }, (_, slot): Fact => {
      const member = enrolled.get(roster.agentAt(slot));
      if (member === undefined) throw new Error(`Slot ${slot} is not enrolled`);
      return { member, death: undefined };
    });
    this.#common = [...this.#enrolled];
    this.#columns = new Array<Column | undefined>(roster.size).fill(undefined);
  }

  /** The store of a process that starts: it holds what was enrolled, but nothing of its own slot. */
  start(agent: number): DirectoryStore {
    this.end(agent);
    this.#running.add(agent);
    for (const slot of new Set([...this.#open, ...this.#moved])) {
      this.set(agent, slot, this.#enrolled[slot] as Fact);
    }
    return new AgentDirectoryStore(this, agent);
  }

  /** The process is gone, and what it held counts no more. */
  end(agent: number): void {
    if (!this.#running.delete(agent)) return;
    for (const slot of this.#open) {
      const column = this.#columns[slot] as Column;
      column.set(agent, column.base);
      this.#settle(slot, column, 0);
    }
  }

  factOf(agent: number, slot: number): Fact {
    const column = this.#columns[slot];
    return column === undefined ? (this.#common[slot] as Fact) : column.factOf(agent);
  }

  /** One object for all who hold the same of a slot. */
  factFor(slot: number, member: Member, death: DeathCertificate | undefined): Fact {
    const column = this.#columns[slot];
    const common = this.#common[slot] as Fact;
    const known =
      column === undefined ? (is(common, member, death) ? common : undefined) : column.find(member, death);
    if (known !== undefined) return known;
    const enrolled = this.#enrolled[slot] as Fact;
    return is(enrolled, member, death) ? enrolled : { member, death };
  }

  set(agent: number, slot: number, fact: Fact): void {
    if (slot >= this.#agents) throw new Error("Members that join later need plain stores");
    const known = this.#columns[slot];
    if (known === undefined && this.#common[slot] === fact) return;
    const column = known ?? new Column(this.#common[slot] as Fact, this.#agents);
    this.#columns[slot] = column;
    this.#open.add(slot);
    if (fact.death !== undefined) this.#dead.add(slot);
    const holders = column.set(agent, fact);
    if (2 * holders > this.#running.size) column.rebase(fact, this.#running);
    this.#settle(slot, column, column.differing);
  }

  /** Members of which not all hold the same. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Slots that someone holds dead. */
  get deadSlots(): ReadonlySet<number> {
    return this.#dead;
  }

  /** Folds a column in which nobody differs any more. */
  #settle(slot: number, column: Column, differing: number): void {
    if (column.differing > 0 || differing > 0) return;
    const { base } = column;
    this.#common[slot] = base;
    this.#columns[slot] = undefined;
    this.#open.delete(slot);
    if (base === this.#enrolled[slot]) this.#moved.delete(slot);
    else this.#moved.add(slot);
    if (base.death === undefined) this.#dead.delete(slot);
  }
}

/** One agent's view of the columns. */
class AgentDirectoryStore implements DirectoryStore {
  readonly #columns: DirectoryColumns;
  readonly #agent: number;
  /** Its own entry is held once it has signed it. */
  #holdsItself = false;
  /** Slots of members that this agent has put out. */
  #removed: Set<number> | undefined;

  constructor(columns: DirectoryColumns, agent: number) {
    this.#columns = columns;
    this.#agent = agent;
  }

  memberAt(slot: number): Member | undefined {
    if (this.#isEmpty(slot)) return undefined;
    return this.#columns.factOf(this.#agent, slot).member;
  }

  deathAt(slot: number): DeathCertificate | undefined {
    if (this.#isEmpty(slot)) return undefined;
    return this.#columns.factOf(this.#agent, slot).death;
  }

  standingAt(slot: number): Standing {
    if (this.#isEmpty(slot)) return undefined;
    const { member, death } = this.#columns.factOf(this.#agent, slot);
    return death === undefined ? member.entry.entry.status : "dead";
  }

  put(slot: number, member: Member, death: DeathCertificate | undefined): void {
    if (slot === this.#agent) this.#holdsItself = true;
    this.#removed?.delete(slot);
    this.#columns.set(this.#agent, slot, this.#columns.factFor(slot, member, death));
  }

  remove(slot: number): void {
    this.#removed ??= new Set();
    this.#removed.add(slot);
  }

  grow(size: number): void {
    this.#columns.factOf(this.#agent, size - 1);
  }

  deadSlots(): readonly number[] {
    const slots: number[] = [];
    for (const slot of this.#columns.deadSlots) if (this.deathAt(slot) !== undefined) slots.push(slot);
    return slots;
  }

  #isEmpty(slot: number): boolean {
    if (slot === this.#agent && !this.#holdsItself) return true;
    return this.#removed?.has(slot) ?? false;
  }
}
