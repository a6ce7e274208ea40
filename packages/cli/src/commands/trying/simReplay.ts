import { formatDuration } from "@antibody/core";
import type { Until } from "@antibody/sim";
import { InvalidArgumentError } from "commander";
import { exitCode, usageError } from "../../errors.ts";
import { readName } from "../../options.ts";
import { calledAs } from "../../self.ts";
import { Painted } from "../../sim/painted.ts";
import type { Verb } from "../../verb.ts";
import { version } from "../../version.ts";
import { simReplayLines, simReplayView } from "../../views/simReplay.ts";

interface SimReplayOptions {
  readonly until?: Until;
  readonly agent?: string;
}

/** `antibody sim replay BUNDLE`: a failing run again, to its end or to where somebody wants to look. */
export const simReplay: Verb<SimReplayOptions> = {
  usage: "replay <bundle>",
  summary:
    "Play a bundle again and check its hash, or stop at a time or an event and see what each agent holds.",
  examples: [
    "antibody sim replay mass-death-33.bundle.json",
    "antibody sim replay mass-death-33.bundle.json --until 21.5s --agent agent-2",
    "antibody sim replay mass-death-33.bundle.json --until event:swarm.dead@agent-2",
  ],
  exits: [
    [0, "it played as it did when the bundle was made, or has stopped where it was to stop"],
    [1, "the hash differs, or what it was to stop at never came"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .option(
        "--until <moment>",
        "stop at a virtual time (21.5s) or an event (event:NAME[@AGENT])",
        readUntil,
      )
      .option("--agent <name>", "show all that this agent holds", readName),
  async run({ invocation, options, args: [file = ""] }) {
    const { terminal } = invocation;
    // Loaded here: the other commands start without the simulator.
    const { replay } = await import("@antibody/sim");
    const { loadBundle } = await import("../../sim/bundleFile.ts");
    const bundle = await loadBundle(file, calledAs(terminal));
    const { until, agent } = options;
    const painted = new Painted(terminal);
    const replayed = await replay(bundle, {
      ...(until === undefined ? {} : { until }),
      onProgress: (atMs) =>
        painted.paint(`${formatDuration(atMs)} of ${formatDuration(bundle.scenario.durationMs)}`),
    });
    painted.clear();
    if (agent !== undefined && !replayed.agents.some(({ name }) => name === agent)) {
      const last = `agent-${replayed.agents.length - 1}`;
      throw usageError(`there is no ${agent}`, `they are agent-0 to ${last}`, "antibody sim replay --help");
    }
    const view = simReplayView({ file, bundle, replayed, until, agent, build: version });
    invocation.print(view, () => simReplayLines(view, agent));
    return view.equal !== false && view.reached ? exitCode.ok : exitCode.failed;
  },
};

/** Reads `21.5s`, `400ms`, `event:swarm.dead` or `event:swarm.dead@agent-2`. */
function readUntil(text: string): Until {
  const [, name, agent] = /^event:([\w.]+)(?:@([\w-]+))?$/.exec(text) ?? [];
  if (name !== undefined) return { type: "event", name, ...(agent === undefined ? {} : { agent }) };
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text) ?? [];
  if (number === undefined) {
    throw new InvalidArgumentError(
      "Write a time such as 21.5s, or an event such as event:swarm.dead@agent-2.",
    );
  }
  const unitMs = unit === "ms" ? 1 : unit === "s" ? 1_000 : 60_000;
  return { type: "time", atMs: Number(number) * unitMs };
}
