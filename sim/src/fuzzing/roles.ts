import { Random } from "@antibody/core";
import type { Scenario, ScenarioBundle } from "../scenarios/scenario.ts";
import type { Step } from "../scenarios/step.ts";
import { everyone } from "./kinds.ts";

/** Devices that may hold the role, and how many shall where nothing else is said. */
const agents = 5;
const countDefault = 2;
/** Faults begin in this time: after the role is held. */
const faultsFromMs = 20_000;
const faultsUntilMs = 90_000;
const faultsMax = 10;
const leaseFaultsMax = 16;
/** By then every fault is over. */
const calmMs = 110_000;
/** Above every bound of a role. */
const settledWithinMs = 60_000;
/** Between two single crashes: the role has gone over, and who crashed has come back. */
const singleEveryMs = 15_000;

/** A role that is leased by a majority of all devices, and what goes with it. */
const leasedBundle: ScenarioBundle = {
  stream: "home",
  documents: [
    {
      name: "db",
      promises: {
        "role:db": { count: 1, majority: everyone(agents).map((name) => `{id of ${name}}`), lease: "6s" },
        "process:db": { command: ["/usr/bin/db"], while: ["role:db"], stopTimeout: "2s" },
      },
    },
  ],
  scope: ["role:db", "process:db"],
  powers: ["process"],
  mode: "enforce",
};

function bundleOf(count: number): ScenarioBundle {
  return {
    stream: "home",
    documents: [
      {
        name: "web",
        promises: {
          "role:web": { count, returnAfter: "20s" },
          "process:web": { command: ["/usr/bin/web"], while: ["role:web"] },
        },
      },
    ],
    scope: ["role:web", "process:web"],
    powers: ["process"],
    mode: "enforce",
  };
}

/** Kills and power losses, one after the other: never does a second device fail before the first is back. */
export function singleCrashes(seed: number): Scenario {
  const random = Random.fromSeed(seed);
  const steps: Step[] = [];
  for (let atMs = faultsFromMs; atMs < faultsUntilMs; atMs += singleEveryMs + random.below(5_000)) {
    crash(random, steps, atMs, random.between(500, 10_000));
  }
  return scenarioOf(
    "role-crashes",
    "Devices fail one after the other, and come back",
    seed,
    bundleOf(countDefault),
    steps,
  );
}

/** Crashes, pauses, partitions and cuts that a seed has drawn, several at once. */
export function roleFaults(seed: number, count: number = countDefault): Scenario {
  const random = Random.fromSeed(seed);
  const steps: Step[] = [];
  for (let left = random.between(1, faultsMax); left > 0; left -= 1) {
    random.pick(faultKinds)(random, steps, random.between(faultsFromMs, faultsUntilMs));
  }
  const title = `Faults that seed ${seed} has drawn, around a role`;
  return scenarioOf("role-faults", title, seed, bundleOf(count), steps);
}

/** The same, with clocks that jump and drift, around a role that is leased: often there is no majority. */
export function leaseFaults(seed: number): Scenario {
  const random = Random.fromSeed(seed);
  const steps: Step[] = [];
  for (let left = random.between(2, leaseFaultsMax); left > 0; left -= 1) {
    const kind = random.pick([...faultKinds, jump]);
    kind(random, steps, random.between(faultsFromMs, faultsUntilMs));
  }
  return scenarioOf(
    "lease-faults",
    `Faults that seed ${seed} has drawn, around a lease`,
    seed,
    leasedBundle,
    steps,
  );
}

type FaultKind = (random: Random, steps: Step[], atMs: number) => void;

const faultKinds: readonly FaultKind[] = [
  (random, steps, atMs) => crash(random, steps, atMs, random.between(100, 20_000)),
  (random, steps, atMs) => crash(random, steps, atMs, random.between(100, 20_000)),
  pause,
  partition,
  cut,
];

function crash(random: Random, steps: Step[], atMs: number, downMs: number): void {
  const who = { names: [`agent-${random.below(agents)}`] };
  const how =
    random.below(2) === 0 ? ({ type: "kill", children: true } as const) : ({ type: "powerOff" } as const);
  steps.push({ atMs, who, ...how }, { atMs: atMs + downMs, type: "restart", who });
}

function pause(random: Random, steps: Step[], atMs: number): void {
  const forMs = random.between(500, 20_000);
  steps.push({ atMs, type: "pause", who: { names: [`agent-${random.below(agents)}`] }, forMs });
}

function partition(random: Random, steps: Step[], atMs: number): void {
  const side = random.sample(everyone(agents), random.between(1, 2)).sort();
  steps.push({ atMs, type: "partition", sides: [{ names: side }] });
  steps.push({ atMs: atMs + random.between(2_000, 20_000), type: "heal" });
}

function cut(random: Random, steps: Step[], atMs: number): void {
  const [one = "", ...rest] = random.sample(everyone(agents), random.between(2, 4));
  steps.push({ atMs, type: "cut", from: { names: [one] }, to: { names: rest.sort() } });
  steps.push({ atMs: atMs + random.between(2_000, 20_000), type: "heal" });
}

/** A wall clock that is set by a year, and a crystal that is wrong by a hundredth: far worse than any. */
function jump(random: Random, steps: Step[], atMs: number): void {
  const who = { names: [`agent-${random.below(agents)}`] };
  const yearMs = 365 * 24 * 3_600_000;
  const wallJumpMs = random.below(2) === 0 ? yearMs : -yearMs;
  steps.push({ atMs, type: "clock", who, wallJumpMs, driftPerMillion: random.between(-10_000, 10_000) });
}

function scenarioOf(
  name: string,
  title: string,
  seed: number,
  bundle: ScenarioBundle,
  faults: readonly Step[],
): Scenario {
  const all = { names: everyone(agents) };
  const calm: readonly Step[] = [
    { atMs: calmMs, type: "heal" },
    { atMs: calmMs, type: "resume", who: all },
    { atMs: calmMs, type: "restart", who: all },
  ];
  const first: Step = { atMs: 3_000, type: "publish", generation: 1, to: { names: ["agent-0"] } };
  return {
    name,
    title,
    agents,
    seed,
    durationMs: calmMs + settledWithinMs,
    startSpreadMs: seed % 2 === 0 ? 0 : 2_000,
    bundles: [bundle],
    steps: [first, ...faults.toSorted((left, right) => left.atMs - right.atMs), ...calm],
    expectations: [{ type: "allKept", fromMs: calmMs + 1, withinMs: settledWithinMs - 1_000 }],
  };
}
