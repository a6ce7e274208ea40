import type { AgentId } from "@antibody/policy";
import type { Settings } from "../settings.ts";
import type { Directory } from "./directory.ts";

/** Dead members that one agent goes on dialing. A guess: after a massacre the survivors share the rest. */
export const deadRedialedMax = 64;

/**
 * Assignments as they were last asked for, until somebody comes or goes: one decision asks several times, and one
 * directory has one agent's settings.
 */
const memos = new WeakMap<
  Directory,
  { readonly presence: number; readonly assignments: Map<AgentId, Assignment> }
>();

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

/**
 * Up to `fullMeshMembersMax` living members everyone observes everyone. Above, a subject's observers are its
 * next neighbors on each ring, to both sides, walking over the dead; who left or is away is walked over too, since
 * it cannot observe.
 */
export function assignmentOf(directory: Directory, settings: Settings, subject: AgentId): Assignment {
  const { presence } = directory;
  let found = memos.get(directory);
  if (found === undefined || found.presence !== presence) {
    found = { presence, assignments: new Map() };
    memos.set(directory, found);
  }
  const known = found.assignments.get(subject);
  if (known !== undefined) return known;
  const assignment = assign(directory, settings, subject);
  found.assignments.set(subject, assignment);
  return assignment;
}

function assign(directory: Directory, settings: Settings, subject: AgentId): Assignment {
  const own = directory.roster.slotOf(subject);
  if (own === undefined) return { observers: [], passed: [] };
  const slots: Slots = { observers: [], passed: [] };
  if (isFullMesh(directory, settings)) {
    for (let slot = 0; slot < directory.roster.size; slot += 1) {
      if (slot !== own) place(directory, slot, slots);
    }
  } else {
    for (let ring = 0; ring < directory.roster.ringCount; ring += 1) {
      walk(directory, ring, own, 1, slots);
      walk(directory, ring, own, -1, slots);
    }
  }
  return { observers: agentsOf(directory, slots.observers), passed: agentsOf(directory, slots.passed) };
}

/**
 * Votes needed: in a full mesh of n members q = max(2, ⌊(n−1)/2⌋+1) of the n−1 others, so that two members never
 * kill each other. On the rings 7 of 10, and as large a share where several rings give the same neighbor.
 */
export function quorumOf(directory: Directory, settings: Settings, assignment: Assignment): Quorum {
  if (isFullMesh(directory, settings)) {
    const observers = Math.max(0, directory.livingCount - 1);
    return { observers, votes: Math.max(2, Math.floor(observers / 2) + 1) };
  }
  const observers = assignment.observers.length;
  const votes = Math.ceil((settings.quorumVotes * observers) / settings.observerCount);
  return { observers, votes: Math.max(2, votes) };
}

/** Whether two assignments name the same agents. */
export function isSameAssignment(left: Assignment, right: Assignment): boolean {
  return isSameList(left.observers, right.observers) && isSameList(left.passed, right.passed);
}

/** Whether an observer's vote on a subject counts: it is assigned, or was until it died itself. */
export function isAssigned(assignment: Assignment, observer: AgentId): boolean {
  return assignment.observers.includes(observer) || assignment.passed.includes(observer);
}

function isSameList(left: readonly AgentId[], right: readonly AgentId[]): boolean {
  return left.length === right.length && left.every((agent, index) => agent === right[index]);
}

function isFullMesh(directory: Directory, settings: Settings): boolean {
  return directory.livingCount <= settings.fullMeshMembersMax;
}

/** Slots without duplicates. Lists, since they are short and a simulator makes a million of them. */
interface Slots {
  readonly observers: number[];
  readonly passed: number[];
}

function walk(directory: Directory, ring: number, own: number, direction: 1 | -1, slots: Slots): void {
  const { roster } = directory;
  for (let slot = roster.neighbor(ring, own, direction); slot !== own; ) {
    if (place(directory, slot, slots)) return;
    slot = roster.neighbor(ring, slot, direction);
  }
}

/** Notes a slot as observer or as passed; true for an observer, which ends a walk. */
function place(directory: Directory, slot: number, { observers, passed }: Slots): boolean {
  const standing = directory.standingAt(slot);
  if (standing === "alive") add(observers, slot);
  else if (standing === "dead" && passed.length < deadRedialedMax) add(passed, slot);
  return standing === "alive";
}

function add(slots: number[], slot: number): void {
  if (!slots.includes(slot)) slots.push(slot);
}

function agentsOf({ roster }: Directory, slots: readonly number[]): AgentId[] {
  const ranked = [...slots].sort((left, right) => roster.rankAt(left) - roster.rankAt(right));
  return ranked.map((slot) => roster.agentAt(slot));
}
