import { exitCode } from "../../errors.ts";
import { problemText } from "../../source/read.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";

/** `antibody sim show SCENARIO|FILE`: a scenario as a file that runs again, or all that is wrong with a file. */
export const simShow: Verb<object> = {
  usage: "show <scenario>",
  summary: "Print a scenario as YAML, to begin one of your own; of a file, tell every problem with its line.",
  examples: ["antibody sim show mass-death > mine.yaml", "antibody sim show mine.yaml"],
  exits: [
    [0, "printed"],
    [1, "the file has problems, or cannot be read"],
  ],
  asksAgent: false,
  async run({ invocation, args: [name = ""] }) {
    const { scenarioData, writeScenario } = await import("@antibody/sim");
    const { isScenarioFile, readScenarioFile, shipped } = await import("../../sim/scenario.ts");
    const read = isScenarioFile(name)
      ? await readScenarioFile(name)
      : { scenario: shipped(name, invocation.self) };
    if ("problems" in read) {
      const view = { schema: "antibody.scenarioProblems/1", file: name, problems: read.problems } as const;
      invocation.print(view, () => read.problems.map((problem) => printable(problemText(problem))));
      return exitCode.failed;
    }
    const { scenario } = read;
    const text = writeScenario(scenario).replace(/\n$/, "");
    invocation.print(scenarioData(scenario), () => [text]);
    return exitCode.ok;
  },
};
