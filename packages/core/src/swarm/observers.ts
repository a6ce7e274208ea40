import { type AgentId, compareText } from "@antibody/policy";
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
  const observers = new Set<number>();
  const passed = new Set<number>();
  if (isFullMesh(directory, settings)) {
    for (let slot = 0; slot < directory.roster.size; slot += 1) {
      if (slot !== own) place(directory, slot, observers, passed);
    }
  } else {
    for (let ring = 0; ring < directory.roster.ringCount; ring += 1) {
      walk(directory, ring, own, 1, observers, passed);
      walk(directory, ring, own, -1, observers, passed);
    }
  }
  return { observers: agentsOf(directory, observers), passed: agentsOf(directory, passed) };
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

/** Whether an observer's vote on a subject counts: it is assigned, or was until it died itself. */
export function isAssigned(assignment: Assignment, observer: AgentId): boolean {
  return assignment.observers.includes(observer) || assignment.passed.includes(observer);
}

function isFullMesh(directory: Directory, settings: Settings): boolean {
  return directory.livingCount <= settings.fullMeshMembersMax;
}

function walk(
  directory: Directory,
  ring: number,
  own: number,
  direction: 1 | -1,
  observers: Set<number>,
  passed: Set<number>,
): void {
  const { roster } = directory;
  for (let slot = roster.neighbor(ring, own, direction); slot !== own; ) {
    if (place(directory, slot, observers, passed)) return;
    slot = roster.neighbor(ring, slot, direction);
  }
}

/** Notes a slot as observer or as passed; true for an observer, which ends a walk. */
function place(directory: Directory, slot: number, observers: Set<number>, passed: Set<number>): boolean {
  const standing = directory.standingAt(slot);
  if (standing === "alive") observers.add(slot);
  else if (standing === "dead" && passed.size < deadRedialedMax) passed.add(slot);
  return standing === "alive";
}

function agentsOf(directory: Directory, slots: ReadonlySet<number>): AgentId[] {
  return [...slots].map((slot) => directory.roster.agentAt(slot)).sort(compareText);
}
