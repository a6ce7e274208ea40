import { exitCode, usageError } from "../../errors.ts";
import { builtText, isProgram } from "../../source/program.ts";
import { readText } from "../../source/read.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";

/** What `build` tells, as `--json` prints it. */
interface BuildView {
  readonly schema: "antibody.build/1";
  readonly file: string;
  /** The policy, as YAML. */
  readonly text: string;
}

/** `antibody build FILE`: the policy that a TypeScript file makes, as the YAML that stands for it everywhere else. */
export const build: Verb<object> = {
  usage: "build <file>",
  summary:
    "Print as YAML what a policy file in TypeScript makes. Lint, diff, sign and publish build it themselves.",
  examples: ["antibody build home.ts", "antibody build home.ts > home.yaml"],
  exits: [
    [0, "printed"],
    [1, "it cannot be run, or makes no policy"],
  ],
  asksAgent: false,
  async run({ invocation, args: [file = ""] }) {
    if (!isProgram(file))
      throw usageError(
        `${printable(file)} is no program`,
        "its name ends with neither .ts nor .mts",
        "antibody build FILE.ts",
      );
    await readText(file);
    const view: BuildView = { schema: "antibody.build/1", file, text: builtText(file) };
    invocation.print(view, () => [view.text.trimEnd()]);
    return exitCode.ok;
  },
};
