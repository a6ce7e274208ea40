import { compileGuard, powers, whereItHolds } from "@antibody/policy";
import type { DeviceKind, Expectation, Scenario, ScenarioBundle, Step } from "@antibody/sim";
import type { SoundSource } from "../source/read.ts";

/** Kinds of devices that are simulated; a file with more guards is tried on the first ones. A guess. */
const kindsMax = 64;

/** A policy file as a scenario's author publishes it, with a grant that holds nothing of it back. */
export function bundleOf({ stream, documents }: SoundSource): ScenarioBundle {
  return { stream, documents, scope: ["**"], powers, mode: "enforce" };
}

/** Devices on which a bundle's guards hold, and one on which none has to; and guards that hold on none of them. */
export interface SimulatedKinds {
  readonly kinds: readonly DeviceKind[];
  readonly nowhere: readonly string[];
}

/** What simulated devices are where nothing is said of them; a name is that of the agent. */
const usualDevice = { arch: "arm64", hostname: "", name: "", os: "linux", tags: [] };

/** Finds devices for the guards of a bundle: what holds nowhere would be tried by nobody. */
export function kindsFor({ documents }: ScenarioBundle): SimulatedKinds {
  const kinds = new Map<string, DeviceKind>([["{}", {}]]);
  const nowhere: string[] = [];
  for (const when of new Set(documents.map((document) => document.when))) {
    if (when === undefined) continue;
    const guard = compileGuard(when);
    const kind = "expression" in guard ? whereItHolds(guard, usualDevice) : undefined;
    if (kind === undefined || kinds.size >= kindsMax) nowhere.push(when);
    else kinds.set(JSON.stringify(kind), kind as DeviceKind);
  }
  return { kinds: [...kinds.values()], nowhere };
}

/** What any bundle is tried by. Times are generous: what is late is late on a device as well. */
export function trial(bundle: ScenarioBundle): Scenario {
  return {
    name: "simulate",
    title: "A bundle is published; all devices are damaged; half of them start again",
    agents: 20,
    durationMs: 90_000,
    startSpreadMs: 0,
    bundles: [bundle],
    steps: [
      { atMs: 15_000, type: "publish", generation: 1, to: { count: 1 } },
      { atMs: 35_000, type: "damage", who: { all: true }, resources: 3, mendable: true },
      { atMs: 55_000, type: "powerOff", who: { percent: 50, as: "half" } },
      { atMs: 58_000, type: "restart", who: { named: "half" } },
    ],
    expectations: [
      { type: "inForce", generation: 1, fromMs: 15_000, withinMs: 5_000 },
      { type: "allKept", fromMs: 15_000, withinMs: 18_000 },
      { type: "allKept", fromMs: 35_000, withinMs: 18_000 },
      { type: "allKept", fromMs: 58_000, withinMs: 25_000 },
    ],
  };
}

/** Expectations about a bundle that is meant to fail, or about its resources: of another one they say nothing. */
const ownExpectations: readonly Expectation["type"][] = ["confined", "triedBy", "backAt", "heldBack"];
const resourceExpectations: readonly Expectation["type"][] = ["phase", "keptAs"];

/**
 * A scenario with this bundle in the place of its own; where it has none, the bundle is published before anything
 * happens, and has to be kept in the end. Undefined where the scenario is about several bundles, or about a bad one.
 */
export function withBundle(scenario: Scenario, bundle: ScenarioBundle): Scenario | undefined {
  const [own, ...others] = scenario.bundles ?? [];
  if (others.length > 0) return undefined;
  if (scenario.expectations.some(({ type }) => ownExpectations.includes(type))) return undefined;
  if (own === undefined) return publishedBefore(scenario, bundle);
  const steps = scenario.steps.map((step) => withOwn(step, bundle));
  const expectations = scenario.expectations.filter(({ type }) => !resourceExpectations.includes(type));
  return { ...scenario, bundles: [bundle], steps, expectations };
}

/** What is damaged is what repairs can mend: whether a probed thing comes back is not the policy's doing. */
function withOwn(step: Step, { stream }: ScenarioBundle): Step {
  if (step.type === "damage") return { ...step, mendable: true };
  return step.type === "publish" && step.bundle !== undefined ? { ...step, bundle: stream } : step;
}

/** Time in which all have it in force, and time for repairs, as `trial` allows them. */
const [inForceMs, keptMs] = [5_000, 18_000] as const;

function publishedBefore(scenario: Scenario, bundle: ScenarioBundle): Scenario {
  const times = scenario.steps.map(({ atMs }) => atMs);
  const atMs = Math.max(0, Math.min(scenario.durationMs, ...times) - inForceMs - 1);
  const publish: Step = { atMs, type: "publish", generation: 1, to: { count: 1 } };
  const calmMs = Math.max(atMs, scenario.durationMs - keptMs - 1);
  return {
    ...scenario,
    bundles: [bundle],
    steps: [publish, ...scenario.steps.map((step) => withOwn(step, bundle))],
    expectations: [
      { type: "inForce", generation: 1, fromMs: atMs, withinMs: inForceMs },
      ...scenario.expectations,
      { type: "allKept", fromMs: calmMs, withinMs: keptMs },
    ],
  };
}
