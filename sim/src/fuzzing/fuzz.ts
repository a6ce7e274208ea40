import { Random } from "@antibody/core";
import type { Expectation, Scenario, ScenarioBundle } from "../scenarios/scenario.ts";
import type { Step } from "../scenarios/step.ts";
import { calmMs, everyone, type Faults, faultKinds, publish } from "./kinds.ts";

/** As the command line names it: another scenario for every seed. */
export const fuzzName = "fuzz";

/** Small swarms: full meshes and rings, and the border between them. Guesses, for many runs in little time. */
const agentsMin = 4;
const agentsMax = 25;
/** Faults begin in this time: after the swarm has formed. */
const faultsFromMs = 10_000;
const faultsUntilMs = 60_000;
const faultsMax = 14;
/** How long the swarm may take to agree again. A guess: redials wait for up to 30 s. */
const settledWithinMs = 60_000;

const bundle: ScenarioBundle = {
  stream: "home",
  documents: [
    { name: "motd", promises: { "file:/etc/motd": { content: "generation {generation}\n" } } },
    { name: "issue", promises: { "file:/etc/issue": { content: "Antibody\n" } } },
  ],
  scope: ["file:/etc/**"],
  powers: [],
  mode: "enforce",
};

/**
 * A schedule of faults that is drawn from a seed: kills, power losses with restarts, pauses, cuts, partitions, loss,
 * damage and publications, several at once. After them the swarm is left alone, and must come to one view, know
 * who is gone, have the last generation in force and every resource kept. Never throws; equal seeds are equal.
 */
export function fuzzScenario(seed: number): Scenario {
  const random = Random.fromSeed(seed + 3);
  const agents = random.between(agentsMin, agentsMax);
  // So few that a quorum of observers is left of everyone.
  const faults: Faults = { random, agents, steps: [], gone: new Set(), goneMax: Math.floor(agents / 5) };
  publish(faults, faultsFromMs - 4_000);
  for (let left = random.between(1, faultsMax); left > 0; left -= 1) {
    random.pick(faultKinds)(faults, random.between(faultsFromMs, faultsUntilMs));
  }
  const steps = inOrder([...withoutReturns(faults), ...calm(faults)]);
  return {
    name: fuzzName,
    title: `Faults that seed ${seed} has drawn`,
    agents,
    seed,
    durationMs: calmMs + settledWithinMs + 10_000,
    startSpreadMs: random.pick([0, 2_000]),
    bundles: [bundle],
    steps,
    expectations: expectationsOf(steps),
  };
}

/** Whoever is to be gone is not brought back by a fault that came to it before. */
function withoutReturns({ steps, gone }: Faults): readonly Step[] {
  return steps.filter(
    (step) =>
      step.type !== "restart" || !("names" in step.who) || !step.who.names.some((name) => gone.has(name)),
  );
}

/** Everything that goes on ends, who is to come back does, and one more generation is published. */
function calm({ agents, gone, random }: Faults): readonly Step[] {
  const all = everyone(agents);
  const staying = all.filter((name) => !gone.has(name));
  return [
    { atMs: calmMs, type: "heal" },
    { atMs: calmMs, type: "resume", who: { names: all } },
    { atMs: calmMs, type: "restart", who: { names: staying } },
    { atMs: calmMs + 1_000, type: "publish", generation: 0, to: { names: [random.pick(staying)] } },
  ];
}

/** By time, and each publication of a later generation than the one before. */
function inOrder(steps: readonly Step[]): readonly Step[] {
  let generation = 0;
  return steps
    .toSorted((left, right) => left.atMs - right.atMs)
    .map((step) => {
      if (step.type !== "publish") return step;
      generation += 1;
      return { ...step, generation };
    });
}

function expectationsOf(steps: readonly Step[]): readonly Expectation[] {
  const generation = steps.filter(({ type }) => type === "publish").length;
  const from = { fromMs: calmMs, withinMs: settledWithinMs };
  return [
    { type: "oneView", ...from },
    { type: "deathsKnown", ...from },
    { type: "inForce", generation, fromMs: calmMs + 1_000, withinMs: settledWithinMs },
    { type: "allKept", ...from },
  ];
}
