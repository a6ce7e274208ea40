import type { DeviceKind, Scenario, ScenarioBundle } from "@antibody/sim";
import { usageError } from "../errors.ts";
import { calledAs, shellWord } from "../self.ts";
import { bundleOf, kindsFor, trial, withBundle } from "../sim/bundleScenario.ts";
import { readSoundSource } from "../source/read.ts";
import { printable } from "../text/printable.ts";
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
    "antibody simulate home.yaml --scenario mine.yaml",
  ],
  exits: [
    [0, "every invariant and expectation held"],
    [1, "one was violated, or a file has problems"],
  ],
  asksAgent: false,
  declare: (command) => {
    command.option(
      "--scenario <name>",
      "what happens to the swarm (sim list), or a file; default: publish, damage on every device, a restart of half of them",
    );
    declareSim(command);
  },
  async run({ invocation, options, args: [file = ""] }) {
    const self = calledAs(invocation.terminal);
    const bundle = bundleOf(await readSoundSource(file, invocation.self));
    const scenario = await scenarioWith(bundle, options.scenario, options.seed ?? 1, self);
    const { kinds, nowhere } = kindsFor(bundle);
    for (const when of nowhere)
      invocation.terminal.err(`antibody: on no simulated device holds: ${printable(when)}\n`);
    if (kinds.length > 1) invocation.terminal.err(`devices, in turn: ${kinds.map(kindText).join("; ")}\n`);
    const named = options.scenario === undefined ? "" : ` --scenario ${shellWord(options.scenario)}`;
    const words = `${self} simulate ${shellWord(file)}${named}`;
    return runAndShow(invocation, { ...scenario, kinds: scenario.kinds ?? kinds }, options, words);
  },
};

/** What tells a device from others, in words. */
function kindText(kind: DeviceKind): string {
  const facts = Object.entries(kind).map(([fact, value]) => `${fact} ${[value].flat().join(", ")}`);
  return facts.length === 0 ? "any" : printable(facts.join(" and "));
}

async function scenarioWith(
  bundle: ScenarioBundle,
  name: string | undefined,
  seed: number,
  self: string,
): Promise<Scenario> {
  if (name === undefined) return trial(bundle);
  const { scenarioMaker } = await import("../sim/scenario.ts");
  const scenario = (await scenarioMaker(name, self))(seed);
  const made = withBundle(scenario, bundle);
  if (made !== undefined) return made;
  throw usageError(
    `${scenario.name} has no bundle that another could stand for`,
    "it is about several authors, or about a bundle that fails",
    `${self} sim list`,
  );
}
