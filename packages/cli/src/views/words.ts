import type { ResourcePhase, Verdict } from "@antibody/core";

/** A phase as people read it. */
export function phaseWords(phase: ResourcePhase): string {
  return phase.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** `1 peer`, `2 peers`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `4 reachable, 1 dead`: counts of each, in the order given, without those that nobody has. */
export function tally<Kind extends string>(
  kinds: readonly Kind[],
  order: readonly Kind[],
  words: (kind: Kind) => string,
): string {
  return order
    .map((kind) => ({ kind, number: kinds.filter((each) => each === kind).length }))
    .filter(({ number }) => number > 0)
    .map(({ kind, number }) => `${number} ${words(kind)}`)
    .join(", ");
}

/** Phases in the order in which people are shown them: what needs them most comes first. */
export const phaseOrder: readonly ResourcePhase[] = [
  "handedOff",
  "contested",
  "backingOff",
  "unobservable",
  "held",
  "drifted",
  "repairing",
  "verifying",
  "paused",
  "unknown",
  "standingBy",
  "kept",
];

/** Verdicts in the order in which people are shown them. */
export const verdictOrder: readonly Verdict[] = [
  "reachable",
  "suspected",
  "stalled",
  "unreachable",
  "dead",
  "away",
  "left",
];
