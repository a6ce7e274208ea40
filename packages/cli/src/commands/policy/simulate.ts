import type { DeviceKind, Scenario, ScenarioBundle } from "@antibody/sim";
import { publisherOfStream } from "../../author/publisher.ts";
import { usageError } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { calledAs, shellWord } from "../../self.ts";
import { bundleOf, kindsFor, trial, withBundle } from "../../sim/bundleScenario.ts";
import { asGranted, heldNowhere, liveSwarm } from "../../sim/liveSwarm.ts";
import { reachWarnings } from "../../source/reach.ts";
import { readSoundSource, type SoundSource } from "../../source/read.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";
import { count } from "../../views/words.ts";
import { declareSim, runAndShow, type SimOptions } from "../trying/sim.ts";

interface SimulateOptions extends SimOptions {
  readonly scenario?: string;
  readonly live?: boolean;
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
    "antibody simulate home.yaml --live   # the devices of this agent's swarm",
  ],
  exits: [
    [0, "every invariant and expectation held"],
    [1, "one was violated, or a file has problems"],
    [4, "with --live: the agent is not running"],
  ],
  asksAgent: false,
  declare: (command) => {
    command.option(
      "--scenario <name>",
      "what happens to the swarm (sim list), or a file; default: publish, damage on every device, a restart of half of them",
    );
    command.option(
      "--live",
      "as many devices as live in this agent's swarm, by their names, under the grant of its owner",
    );
    declareSim(command);
  },
  async run({ invocation, options, args: [file = ""] }) {
    const self = calledAs(invocation.terminal);
    const source = await readSoundSource(file, invocation.self);
    const tried = options.live === true ? await projected(invocation, source) : imagined(bundleOf(source));
    const made = await scenarioWith(tried.bundle, options.scenario, options.seed ?? 1, self);
    const scenario = tried.bundle.mode === "enforce" ? made : withoutKeeping(made);
    for (const line of tried.told) invocation.terminal.err(`${printable(line)}\n`);
    const named = options.scenario === undefined ? "" : ` --scenario ${shellWord(options.scenario)}`;
    const words = `${self} simulate ${shellWord(file)}${named}${options.live === true ? " --live" : ""}`;
    const { agents = scenario.agents } = tried;
    return runAndShow(
      invocation,
      { ...scenario, agents, kinds: scenario.kinds ?? tried.kinds },
      options,
      words,
    );
  },
};

/** Where drift is only told, nothing need be kept. */
function withoutKeeping(scenario: Scenario): Scenario {
  return { ...scenario, expectations: scenario.expectations.filter(({ type }) => type !== "allKept") };
}

/** A bundle, and the devices that it is tried on. */
interface Tried {
  readonly bundle: ScenarioBundle;
  readonly kinds: readonly DeviceKind[];
  /** Absent: as many as the scenario has. */
  readonly agents?: number;
  /** What is not told by the run itself. */
  readonly told: readonly string[];
}

/** Devices that the guards of the bundle ask for. */
function imagined(bundle: ScenarioBundle): Tried {
  const { kinds, nowhere } = kindsFor(bundle);
  const told = nowhere.map((when) => `antibody: on no simulated device holds: ${when}`);
  const devices = kinds.length > 1 ? [`devices, in turn: ${kinds.map(kindText).join("; ")}`] : [];
  return { bundle, kinds, told: [...told, ...devices] };
}

/** The devices that the agent here knows of, under the grant that its owner gave whose stream it is. */
async function projected(invocation: Invocation, source: SoundSource): Promise<Tried> {
  const inspection = await invocation.client.inspect();
  const publisher = publisherOfStream(inspection, source.stream);
  const swarm = liveSwarm(inspection, publisher.author);
  const bundle = bundleOf(source);
  const granted =
    swarm.grant === undefined
      ? "no grant here is of this stream's author: nothing is held back"
      : `under the grant of this device's owner (${swarm.grant.mode})`;
  return {
    bundle: asGranted(bundle, swarm),
    kinds: swarm.devices,
    // A swarm of one is given a peer.
    agents: Math.max(2, swarm.devices.length),
    told: [
      ...reachWarnings(source.documents, publisher, inspection).map((warning) => `antibody: ${warning}`),
      ...heldNowhere(bundle, swarm).map((when) => `antibody: on no device known here holds: ${when}`),
      `${count(swarm.devices.length, "device")} as known here, ${granted}`,
    ],
  };
}

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
  const { scenarioMaker } = await import("../../sim/scenario.ts");
  const scenario = (await scenarioMaker(name, self))(seed);
  const made = withBundle(scenario, bundle);
  if (made !== undefined) return made;
  throw usageError(
    `${scenario.name} has no bundle that another could stand for`,
    "it is about several authors, or about a bundle that fails",
    `${self} sim list`,
  );
}
