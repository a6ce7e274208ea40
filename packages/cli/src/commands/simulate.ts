import { powers } from "@antibody/policy";
import type { Scenario, ScenarioBundle } from "@antibody/sim";
import { usageError } from "../errors.ts";
import { calledAs, shellWord } from "../self.ts";
import { readSoundSource, type SoundSource } from "../source/read.ts";
import type { Verb } from "../verb.ts";
import { declareSim, runAndShow, type SimOptions } from "./sim.ts";

interface SimulateOptions extends SimOptions {
  readonly scenario?: string;
}

/** `antibody simulate FILE`: what a policy file would do to a swarm, before it touches a device. */
export const simulate: Verb<SimulateOptions> = {
  usage: "simulate <file>",
  summary:
    "Publish a policy file to a simulated swarm: is it in force everywhere, is all kept, is damage repaired?",
  examples: [
    "antibody simulate home.yaml",
    "antibody simulate home.yaml --agents 200 --scenario mass-death --report report.html",
  ],
  exits: [
    [0, "every invariant and expectation held"],
    [1, "one was violated, or the file has problems"],
  ],
  asksAgent: false,
  declare: (command) => {
    command.option(
      "--scenario <name>",
      "what happens to the swarm; default: publish, damage on every device, a restart of half of them",
    );
    declareSim(command);
  },
  async run({ invocation, options, args: [file = ""] }) {
    const self = calledAs(invocation.terminal);
    const source = await readSoundSource(file, invocation.self);
    const scenario = await scenarioWith(bundleOf(source), options.scenario, self);
    const named = options.scenario === undefined ? "" : ` --scenario ${shellWord(options.scenario)}`;
    return runAndShow(invocation, scenario, options, `${self} simulate ${shellWord(file)}${named}`);
  },
};

/** The file as a scenario's author publishes it, with a grant that holds nothing of it back. */
function bundleOf({ stream, documents }: SoundSource): ScenarioBundle {
  return { stream, documents, scope: ["**"], powers, mode: "enforce" };
}

/** What any bundle is tried by. Times are generous: what is late is late on a device as well. */
function trial(bundle: ScenarioBundle): Scenario {
  return {
    name: "simulate",
    title: "A bundle is published; all devices are damaged; half of them start again",
    agents: 20,
    durationMs: 90_000,
    startSpreadMs: 0,
    bundles: [bundle],
    steps: [
      { atMs: 15_000, type: "publish", generation: 1, to: { count: 1 } },
      { atMs: 35_000, type: "damage", who: { all: true }, resources: 3 },
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

async function scenarioWith(
  bundle: ScenarioBundle,
  name: string | undefined,
  self: string,
): Promise<Scenario> {
  if (name === undefined) return trial(bundle);
  const { shipped } = await import("../sim/scenario.ts");
  const scenario = shipped(name, self);
  const [own, ...others] = scenario.bundles ?? [];
  if (own === undefined || others.length > 0) {
    throw usageError(
      `${scenario.name} has no bundle that another could stand for`,
      "it is about several authors, or about none",
      `${self} sim list`,
    );
  }
  // Expectations about its own resources are about nothing here.
  const expectations = scenario.expectations.filter(({ type }) => type !== "phase" && type !== "keptAs");
  const steps = scenario.steps.map((step) =>
    step.type === "publish" && step.bundle !== undefined ? { ...step, bundle: bundle.stream } : step,
  );
  return { ...scenario, bundles: [bundle], steps, expectations };
}
