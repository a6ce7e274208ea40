import type { Random } from "@antibody/core";
import type { Step } from "../scenarios/step.ts";

/** What a seed has drawn so far. */
export interface Faults {
  readonly random: Random;
  readonly agents: number;
  readonly steps: Step[];
  /** Who never comes back. */
  readonly gone: Set<string>;
  readonly goneMax: number;
}

/** By now every fault is over, in milliseconds. */
export const calmMs = 70_000;

/** Adds a fault that begins at a time. */
type FaultKind = (faults: Faults, atMs: number) => void;

/** Names of a world's agents, by their numbers. */
export function everyone(agents: number): readonly string[] {
  return Array.from({ length: agents }, (_, index) => `agent-${index}`);
}

/** Generations are numbered when all publications are in order. */
export function publish(faults: Faults, atMs: number): void {
  faults.steps.push({ atMs, type: "publish", generation: 0, to: { names: [anyone(faults)] } });
}

/** The process ends, and comes back or does not. */
function kill(faults: Faults, atMs: number): void {
  const name = anyone(faults);
  faults.steps.push({ atMs, type: "kill", who: { names: [name] } });
  comeBack(faults, atMs, name);
}

function powerOff(faults: Faults, atMs: number): void {
  const name = anyone(faults);
  const torn = faults.random.below(2) === 0 ? { torn: true } : {};
  faults.steps.push({ atMs, type: "powerOff", who: { names: [name] }, ...torn });
  comeBack(faults, atMs, name);
}

/** The power fails within a second of a publication, and comes back: what was in force must be so again. */
function publishAndLosePower(faults: Faults, atMs: number): void {
  const { random, steps } = faults;
  publish(faults, atMs);
  const who = { names: [anyone(faults)] };
  const lostMs = atMs + random.between(20, 1_000);
  steps.push({ atMs: lostMs, type: "powerOff", who });
  steps.push({ atMs: lostMs + random.between(50, 3_000), type: "restart", who });
}

function pause(faults: Faults, atMs: number): void {
  const forMs = faults.random.between(500, 15_000);
  faults.steps.push({ atMs, type: "pause", who: { names: [anyone(faults)] }, forMs });
}

/** About as long as observers wait before they vote, so that some have and some have not. */
function longPause(faults: Faults, atMs: number): void {
  const forMs = faults.random.between(18_000, 45_000);
  faults.steps.push({ atMs, type: "pause", who: { names: [anyone(faults)] }, forMs });
}

function partition(faults: Faults, atMs: number): void {
  const { random, agents, steps } = faults;
  const side = someone(faults, 1, Math.floor(agents / 2));
  steps.push({ atMs, type: "partition", sides: [side] });
  steps.push({ atMs: atMs + random.between(2_000, 30_000), type: "heal" });
}

/** Between one and some others: one direction, or both. */
function cut(faults: Faults, atMs: number): void {
  const { random, agents, steps } = faults;
  const [one = "", ...rest] = random.sample(everyone(agents), random.between(2, 4));
  const [left, right] = [{ names: [one] }, { names: rest.sort() }];
  steps.push({ atMs, type: "cut", from: left, to: right });
  if (random.below(2) === 0) steps.push({ atMs, type: "cut", from: right, to: left });
  steps.push({ atMs: atMs + random.between(2_000, 30_000), type: "heal" });
}

function loss(faults: Faults, atMs: number): void {
  const { random, steps } = faults;
  const lossPerMillion = random.pick([50_000, 200_000, 400_000]);
  const forMs = random.between(2_000, Math.min(20_000, calmMs - atMs));
  steps.push({ atMs, type: "loss", who: someone(faults, 1, 3), lossPerMillion, forMs });
}

function damage(faults: Faults, atMs: number): void {
  faults.steps.push({
    atMs,
    type: "damage",
    who: someone(faults, 1, 4),
    resources: faults.random.between(1, 2),
  });
}

/** Each kind as often as it stands here. */
export const faultKinds: readonly FaultKind[] = [
  publish,
  publish,
  kill,
  kill,
  powerOff,
  powerOff,
  publishAndLosePower,
  pause,
  longPause,
  longPause,
  partition,
  cut,
  cut,
  loss,
  damage,
];

function comeBack(faults: Faults, atMs: number, name: string): void {
  const { random, gone, goneMax, steps } = faults;
  if (gone.size < goneMax && random.below(3) === 0) gone.add(name);
  else if (random.below(4) > 0) {
    const backMs = Math.min(calmMs, atMs + random.between(100, 30_000));
    steps.push({ atMs: backMs, type: "restart", who: { names: [name] } });
  }
}

function anyone({ random, agents }: Faults): string {
  return `agent-${random.below(agents)}`;
}

function someone(
  { random, agents }: Faults,
  min: number,
  max: number,
): { readonly names: readonly string[] } {
  return { names: random.sample(everyone(agents), random.between(min, max)).sort() };
}
