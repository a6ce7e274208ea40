import type { DeathCertificate, Member } from "@antibody/core";

/** What agents hold of one member: one object for all who hold it. */
export interface Fact {
  readonly member: Member;
  readonly death: DeathCertificate | undefined;
}

/** Whether a fact says this. Entries of one digest are one statement, whoever verified them. */
export function is(fact: Fact, member: Member, death: DeathCertificate | undefined): boolean {
  if (fact.death !== death) return false;
  if (fact.member === member) return true;
  const { certificate, entry } = fact.member;
  return certificate === member.certificate && entry.digest === member.entry.digest;
}

/** Different facts about one member at once: codes are 16 bits wide. */
const codesMax = 65_535;
/** From this part of the agents on, a code for everyone takes less room than a map of those who differ. A guess. */
const densePart = 64;

/**
 * Who holds what of one member, while not all hold the same: a code for each agent that differs from the rest. What
 * most of them hold is the base, which nobody needs a code for.
 */
export class Column {
  readonly #agents: number;
  /** By code; the base has one too. */
  readonly #facts: (Fact | undefined)[];
  readonly #holders: number[] = [0];
  #base = 0;
  /** Agents that differ: as a map while they are few, then with a code for everyone. */
  #few: Map<number, number> | undefined = new Map();
  #codes: Uint16Array | undefined;
  #differing = 0;

  constructor(base: Fact, agents: number) {
    this.#facts = [base];
    this.#agents = agents;
  }

  get base(): Fact {
    return this.#facts[this.#base] as Fact;
  }

  /** Agents that hold another fact than the base. */
  get differing(): number {
    return this.#differing;
  }

  factOf(agent: number): Fact {
    return this.#facts[this.#codeOf(agent)] as Fact;
  }

  /** The fact that says this, if someone holds it. */
  find(member: Member, death: DeathCertificate | undefined): Fact | undefined {
    return this.#facts.find((fact) => fact !== undefined && is(fact, member, death));
  }

  /** The agent holds this from now on. Gives how many that differ from the base hold the same. */
  set(agent: number, fact: Fact): number {
    const before = this.#codeOf(agent);
    const after = this.#codeFor(fact);
    if (before === after) return 0;
    this.#leave(before);
    this.#write(agent, after);
    if (after === this.#base) return 0;
    this.#differing += 1;
    const holders = (this.#holders[after] as number) + 1;
    this.#holders[after] = holders;
    return holders;
  }

  /** Makes a fact the base: of these agents, all that are there, those that do not hold it differ now. */
  rebase(fact: Fact, agents: Iterable<number>): void {
    const [few, codes, before] = [this.#few, this.#codes, this.#base];
    const base = this.#codeFor(fact);
    this.#base = base;
    this.#few = new Map();
    this.#codes = undefined;
    this.#holders.fill(0);
    this.#differing = 0;
    for (const agent of agents) {
      const code = codes === undefined ? (few?.get(agent) ?? before) : (codes[agent] as number);
      if (code === base) continue;
      this.#write(agent, code);
      this.#differing += 1;
      this.#holders[code] = (this.#holders[code] as number) + 1;
    }
    for (let code = 0; code < this.#facts.length; code += 1) {
      if (code !== base && this.#holders[code] === 0) this.#facts[code] = undefined;
    }
  }

  #codeOf(agent: number): number {
    if (this.#codes !== undefined) return this.#codes[agent] as number;
    return this.#few?.get(agent) ?? this.#base;
  }

  #codeFor(fact: Fact): number {
    let free = this.#facts.length;
    for (let code = 0; code < this.#facts.length; code += 1) {
      if (this.#facts[code] === fact) return code;
      if (this.#facts[code] === undefined) free = code;
    }
    if (free > codesMax) throw new Error(`More than ${codesMax} statements about one member are held`);
    this.#facts[free] = fact;
    this.#holders[free] = 0;
    return free;
  }

  #leave(code: number): void {
    if (code === this.#base) return;
    this.#differing -= 1;
    const holders = (this.#holders[code] as number) - 1;
    this.#holders[code] = holders;
    if (holders === 0) this.#facts[code] = undefined;
  }

  #write(agent: number, code: number): void {
    if (this.#codes !== undefined) this.#codes[agent] = code;
    else if (code === this.#base) this.#few?.delete(agent);
    else {
      this.#few?.set(agent, code);
      if ((this.#few?.size ?? 0) * densePart > this.#agents) this.#makeDense();
    }
  }

  #makeDense(): void {
    const codes = new Uint16Array(this.#agents).fill(this.#base);
    for (const [agent, code] of this.#few ?? []) codes[agent] = code;
    this.#codes = codes;
    this.#few = undefined;
  }
}
