import { formatDuration } from "@antibody/core";
import { exitCode } from "../../errors.ts";
import { table } from "../../text/table.ts";
import type { Verb } from "../../verb.ts";

/** `antibody sim list`: the scenarios that come with the simulator. */
export const simList: Verb<object> = {
  usage: "list",
  summary: "List the scenarios that come with the simulator.",
  examples: ["antibody sim list", "antibody sim list --json"],
  exits: [[0, "listed"]],
  asksAgent: false,
  async run({ invocation }) {
    // Loaded here: the other commands start without the simulator.
    const { listScenarios } = await import("@antibody/sim");
    const scenarios = listScenarios().map(({ name, title, agents, durationMs }) => ({
      name,
      title,
      agents,
      durationMs,
    }));
    invocation.print({ schema: "antibody.scenarios/1", scenarios }, () => [
      ...table(
        ["SCENARIO", "AGENTS", "LASTS"],
        scenarios.map(({ name, agents, durationMs }) => [name, String(agents), formatDuration(durationMs)]),
      ),
      ...scenarios.flatMap(({ name, title }) => ["", `${name}:`, `  ${title}`]),
    ]);
    return exitCode.ok;
  },
};
