import type { AgentId } from "@antibody/policy";
import type { DeathCertificate, SignedVote } from "../../contract/statements.ts";
import { finishedList, RareMap } from "../../keeping/rare.ts";
import type { Settings } from "../../settings.ts";
import { proofOf } from "../deaths/proofs.ts";
import type { Directory } from "../members/directory.ts";
import type { Roster } from "../members/roster.ts";
import type { Standing } from "../members/supersedes.ts";

/** Dead members that one agent goes on dialing. A guess: after a massacre the survivors share the rest. */
export const deadRedialedMax = 64;
/** Assignments remembered: this agent's own, and those of subjects with open cases. A guess. */
const rememberedMax = 64;

/** Who observes a subject, and so whom it observes: the relation is mutual. Both in order of agents. */
export interface Assignment {
  readonly observers: readonly AgentId[];
  /**
   * The dead between the subject and its observers. They go on being dialed from both sides of their gap; and
   * votes that they cast while they lived count.
   */
  readonly passed: readonly AgentId[];
}

/** How many observers a subject has, and how many votes make it dead. */
export interface Quorum {
  readonly observers: number;
  readonly votes: number;
}
/** Changes that are named one by one until someone asks whom they concern; more than these concern everyone. A guess. */
const unsettledMax = 64;
/** So many assignments are looked through faster than a set of their slots is asked. A guess. */
const lookedThroughMax = 2;
const nobody: ReadonlySet<AgentId> = new Set();

/** Those whose observers, or their standing, may have changed; undefined when that may be anyone's. */
export type Concerned = ReadonlySet<AgentId> | undefined;

interface Remembered {
  readonly assignment: Assignment;
  /** Who is in it: when the standing of one of them changes, so may the assignment. */
  readonly slots: Slots;
}

/** Slots without duplicates. Lists, since they are short and a simulator makes a million of them. */
interface Slots {
  readonly observers: readonly number[];
  readonly passed: readonly number[];
  /** Who would observe if nobody were dead. */
  readonly undying: readonly number[];
  /** Who was walked over beside those that are passed; undefined where there is nobody, as nearly always. */
  readonly others: readonly number[] | undefined;
}

/** The same while walks add to them. */
interface GrowingSlots extends Slots {
  readonly observers: number[];
  readonly passed: number[];
  readonly undying: number[];
  others: number[] | undefined;
}

/**
 * Who observes whom. Up to `fullMeshMembersMax` living members everyone observes everyone. Above, a subject's
 * observers are its next neighbors on each ring, to both sides, walking over the dead; who left or is away is walked
 * over too, since it cannot observe.
 */
export class Observers {
  readonly #directory: Directory;
  readonly #settings: Settings;
  #remembered: RareMap<AgentId, Remembered> = RareMap.of();
  /** Slots in any of those, where they are many: some of them may be of assignments that were forgotten since. */
  #involved: Set<number> | undefined;
  #roster: Roster | undefined;
  /** Whose standing has changed since `takeConcerned`; undefined when everyone's may have. */
  #unsettled: number[] | undefined;

  constructor(directory: Directory, settings: Settings) {
    this.#directory = directory;
    this.#settings = settings;
  }

  /** An equal list that is remembered here, where there is one: an agent has sessions with those whom it observes. */
  sharedList(agents: readonly AgentId[]): readonly AgentId[] {
    for (const { assignment } of this.#remembered.values()) {
      if (isSameList(agents, assignment.observers)) return assignment.observers;
    }
    return agents;
  }

  /** The same object until it changes. */
  of(subject: AgentId): Assignment {
    this.#forgetChanged();
    const known = this.#remembered.get(subject);
    if (known !== undefined) return known.assignment;
    const slots = this.#kept(this.#slotsOf(subject), subject);
    const { observers, passed } = slots;
    const assignment = { observers: this.#agents(observers), passed: finishedList(this.#agents(passed)) };
    if (this.#remembered.size >= rememberedMax) this.#forgetAll();
    this.#remembered = this.#remembered.with(subject, { assignment, slots });
    if (this.#involved !== undefined) involve(slots, this.#involved);
    return assignment;
  }

  quorumOf(subject: AgentId): Quorum {
    return this.#quorum(this.#knownSlotsOf(subject));
  }

  /** Whether so many observe the subject. Mostly its next neighbors are enough, and no walk is needed. */
  hasAtLeast(count: number, subject: AgentId): boolean {
    const { roster } = this.#directory;
    const own = roster.slotOf(subject);
    if (own === undefined) return count <= 0;
    let next = 0;
    for (const slot of roster.neighborsOf(own)) {
      if (this.#directory.standingAt(slot) === "alive") next += 1;
      if (next >= count) return true;
    }
    return this.of(subject).observers.length >= count;
  }

  /** Who observes the subject now, in order of agents. Remembers nothing: it is for those who look at everyone. */
  listFor(subject: AgentId): readonly AgentId[] {
    return this.#agents(this.#slotsOf(subject).observers);
  }

  /** The votes that count: of observers that are assigned, or were until they died; and how many are needed. */
  weigh(subject: AgentId, votes: readonly SignedVote[]): { counted: readonly SignedVote[]; quorum: Quorum } {
    const slots = this.#knownSlotsOf(subject);
    const counted = votes.filter(({ vote }) => {
      const slot = this.#directory.roster.slotOf(vote.observer);
      return slot !== undefined && (slots.observers.includes(slot) || slots.passed.includes(slot));
    });
    return { counted, quorum: this.#quorum(slots) };
  }

  /**
   * Whether a certificate is proven by the votes of its subject's next neighbors, which count wherever they live or
   * died, and of the living who took the places of dead ones: no walk over the dead is needed then. False says nothing.
   */
  isProvenAtOnce(death: DeathCertificate): boolean {
    const { roster, isWhole } = this.#directory;
    if (!isWhole || this.isFullMesh) return false;
    const proof = proofOf(death, roster);
    if (proof === undefined) return false;
    const neighbors = roster.neighborsOf(roster.slotOf(death.subject) as number);
    const needed = Math.max(2, this.#share(neighbors.length));
    let count = proof.near;
    for (const { slot, ways } of proof.far) {
      if (count >= needed) return true;
      if (this.#directory.standingAt(slot) === "alive" && this.#isAnyDead(ways)) count += 1;
    }
    return count >= needed;
  }

  /** Whether all are dead on one of the ways. A loop, and no function for each vote: in a massacre there are millions. */
  #isAnyDead(ways: readonly (readonly number[])[]): boolean {
    for (const way of ways) if (this.#areDead(way)) return true;
    return false;
  }

  #areDead(slots: readonly number[]): boolean {
    for (const slot of slots) if (this.#directory.standingAt(slot) !== "dead") return false;
    return true;
  }

  isAssigned(observer: AgentId, subject: AgentId): boolean {
    const { observers, passed } = this.of(subject);
    return observers.includes(observer) || passed.includes(observer);
  }

  /** Whether one observes the subject now: it lives, and it is assigned. */
  isObserver(observer: AgentId, subject: AgentId): boolean {
    const { roster } = this.#directory;
    const [slot, own] = [roster.slotOf(observer), roster.slotOf(subject)];
    if (slot === undefined || own === undefined || slot === own) return false;
    if (this.#directory.standingAt(slot) !== "alive") return false;
    // Nearly always it is one of the next: no walk over the dead is needed then.
    return roster.neighborsOf(own).includes(slot) || this.of(subject).observers.includes(observer);
  }

  /**
   * In a full mesh of n members q = max(2, ⌊(n−1)/2⌋+1) of the n−1 others, so that two members never kill each
   * other. On the rings 7 of 10, and as large a share where several rings give the same neighbor. That share is
   * taken of those who would observe if nobody were dead: agents that have heard of different deaths then still
   * ask for the same number.
   */
  #quorum({ observers, undying }: Slots): Quorum {
    if (this.isFullMesh) {
      const others = Math.max(0, this.#directory.livingCount - 1);
      return { observers: others, votes: Math.max(2, Math.floor(others / 2) + 1) };
    }
    const votes = Math.min(this.#share(undying.length), observers.length);
    return { observers: observers.length, votes: Math.max(2, votes) };
  }

  #share(observers: number): number {
    const { quorumVotes, observerCount } = this.#settings;
    return Math.ceil((quorumVotes * observers) / observerCount);
  }

  /**
   * For one reader: which of some subjects what changed since its last call concerns. Walks are mutual: whoever a walk
   * from a changed slot comes by is one whose own walk comes by that slot, or by a changed one before it. So the few
   * subjects are looked at, instead of all that changed.
   */
  takeConcerned(subjects: readonly AgentId[]): Concerned {
    this.#forgetChanged();
    const unsettled = this.#unsettled;
    this.#unsettled = [];
    if (unsettled === undefined) return undefined;
    if (unsettled.length === 0) return nobody;
    const changed = new Set(unsettled);
    return new Set(subjects.filter((subject) => this.#isInvolved(subject, changed)));
  }

  /** Whether a subject or anyone whom its walks come by is among these. A member without a slot counts as involved. */
  #isInvolved(subject: AgentId, changed: ReadonlySet<number>): boolean {
    const own = this.#directory.roster.slotOf(subject);
    if (own === undefined || changed.has(own)) return true;
    const { observers, passed, others } = this.#knownSlotsOf(subject);
    for (const slots of [observers, passed, others ?? []]) {
      for (const slot of slots) if (changed.has(slot)) return true;
    }
    return false;
  }

  /** Everyone observes everyone. */
  get isFullMesh(): boolean {
    return this.#directory.livingCount <= this.#settings.fullMeshMembersMax;
  }

  /** Slots as they are remembered: where nobody is dead they are the next neighbors, of which the roster has a list. */
  #kept({ observers, passed, undying, others }: Slots, subject: AgentId): Slots {
    const { roster } = this.#directory;
    const own = roster.slotOf(subject);
    const neighbors = own === undefined || this.isFullMesh ? none : roster.neighborsOf(own);
    const kept = (slots: readonly number[]): readonly number[] =>
      isSameList(slots, neighbors) ? neighbors : slots.slice();
    return {
      observers: kept(observers),
      passed: passed.length === 0 ? none : passed,
      undying: kept(undying),
      others,
    };
  }

  /** The same, without the walks where its assignment is remembered. */
  #knownSlotsOf(subject: AgentId): Slots {
    this.#forgetChanged();
    return this.#remembered.get(subject)?.slots ?? this.#slotsOf(subject);
  }

  #slotsOf(subject: AgentId): Slots {
    const own = this.#directory.roster.slotOf(subject);
    return own === undefined ? noSlots() : this.#slotsAt(own);
  }

  #slotsAt(own: number): Slots {
    const { roster } = this.#directory;
    const slots: GrowingSlots = noSlots();
    if (this.isFullMesh) {
      for (let slot = 0; slot < roster.size; slot += 1) if (slot !== own) this.#place(slot, slots);
      return slots;
    }
    // First of all those next to it: however many are dead further on, the votes of these count.
    for (const slot of roster.neighborsOf(own)) this.#place(slot, slots);
    for (let ring = 0; ring < roster.ringCount; ring += 1) {
      this.#walk(ring, own, 1, slots);
      this.#walk(ring, own, -1, slots);
    }
    return slots;
  }

  #walk(ring: number, own: number, direction: 1 | -1, slots: GrowingSlots): void {
    const { roster } = this.#directory;
    let isFirst = true;
    for (let slot = roster.neighbor(ring, own, direction); slot !== own; ) {
      const standing = this.#place(slot, slots);
      if (isFirst && (standing === "alive" || standing === "dead")) {
        isFirst = false;
        add(slots.undying, slot);
      }
      if (standing === "alive") return;
      slot = roster.neighbor(ring, slot, direction);
    }
  }

  /** Notes a slot as observer, as passed, or as walked over. */
  #place(slot: number, slots: GrowingSlots): Standing | undefined {
    const { observers, passed } = slots;
    const standing = this.#directory.standingAt(slot);
    if (standing === "alive") add(observers, slot);
    else if (standing === "dead" && passed.length < deadRedialedMax) add(passed, slot);
    else {
      slots.others ??= [];
      add(slots.others, slot);
    }
    return standing;
  }

  #agents(slots: readonly number[]): AgentId[] {
    const { roster } = this.#directory;
    const ranked = [...slots].sort((left, right) => roster.rankAt(left) - roster.rankAt(right));
    return ranked.map((slot) => roster.agentAt(slot));
  }

  /**
   * An assignment goes by the standings that its walks looked at. Whoever dies elsewhere, or comes back, changes nothing
   * here: in a massacre that is nearly everyone.
   */
  #forgetChanged(): void {
    const { roster } = this.#directory;
    const changed = this.#directory.takeChanged();
    const isMoved = roster !== this.#roster;
    this.#roster = roster;
    if (changed?.length === 0 && !isMoved) return;
    // At the border between mesh and rings everything changes.
    const isNearMesh = this.#directory.livingCount <= this.#settings.fullMeshMembersMax + 1;
    if (changed === undefined || isMoved || isNearMesh) {
      this.#forgetAll();
      this.#unsettled = undefined;
      return;
    }
    this.#unsettled?.push(...changed);
    if (this.#unsettled !== undefined && this.#unsettled.length > unsettledMax) this.#unsettled = undefined;
    if (this.#involved === undefined && this.#remembered.size > lookedThroughMax) {
      this.#involved = new Set();
      for (const { slots } of this.#remembered.values()) involve(slots, this.#involved);
    }
    const involved = this.#involved;
    const perhaps = involved === undefined ? changed : changed.filter((slot) => involved.has(slot));
    if (perhaps.length > 0) this.#remembered.deleteWhere(({ slots }) => areInvolved(perhaps, slots));
    if (this.#remembered.size <= lookedThroughMax) this.#involved = undefined;
  }

  #forgetAll(): void {
    this.#remembered.clear();
    this.#involved = undefined;
  }
}

/** Whether what changed concerns a subject that was asked about. */
export function isConcerned(subject: AgentId, concerned: Concerned): boolean {
  return concerned === undefined || concerned.has(subject);
}

const none: readonly number[] = [];

function noSlots(): GrowingSlots {
  return { observers: [], passed: [], undying: [], others: undefined };
}

function isSameList<Item>(left: readonly Item[], right: readonly Item[]): boolean {
  return left.length === right.length && left.every((slot, place) => slot === right[place]);
}

function add(slots: number[], slot: number): void {
  if (!slots.includes(slot)) slots.push(slot);
}

function involve({ observers, passed, others }: Slots, involved: Set<number>): void {
  for (const slot of observers) involved.add(slot);
  for (const slot of passed) involved.add(slot);
  if (others !== undefined) for (const slot of others) involved.add(slot);
}

/** Whether any of some slots is in these. */
function areInvolved(changed: readonly number[], { observers, passed, others }: Slots): boolean {
  for (const slot of changed) {
    if (observers.includes(slot) || passed.includes(slot) || others?.includes(slot) === true) return true;
  }
  return false;
}
