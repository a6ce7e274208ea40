import { writeFile } from "node:fs/promises";
import { CliError, exitCode, messageOf } from "../../errors.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";
import { mapLines, mapView } from "../../views/map.ts";
import { mapSvg } from "../../views/mapSvg.ts";

/** `antibody map`: who observes whom, in the terminal or as a picture. */
export const map: Verb<{ readonly svg?: string }> = {
  usage: "map",
  summary: "The overlay as this agent knows it: who observes whom, its own sessions, and verdicts.",
  examples: ["antibody map", "antibody map --svg swarm.svg"],
  exits: [
    [0, "shown"],
    [1, "the picture cannot be written"],
  ],
  asksAgent: true,
  declare: (command) => void command.option("--svg <file>", "write a picture that stands alone"),
  async run({ invocation, options: { svg } }) {
    const view = mapView(await invocation.client.overlay(), svg);
    if (svg !== undefined) await writePicture(svg, mapSvg(view));
    const isTerminal = invocation.terminal.columns !== undefined;
    invocation.print(view, () =>
      svg === undefined ? mapLines(view, isTerminal) : [`${printable(svg)} written`],
    );
    return exitCode.ok;
  },
};

async function writePicture(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new CliError({
      code: "unwritable",
      message: `${file} cannot be written`,
      cause: messageOf(error),
      next: "choose another path",
      exit: exitCode.failed,
    });
  }
}
