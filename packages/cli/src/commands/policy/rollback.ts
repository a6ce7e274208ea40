import { parseStreamName } from "@antibody/policy";
import { InvalidArgumentError } from "commander";
import { alsoOption, authorOption, readSigners } from "../../author/signers.ts";
import { CliError, exitCode, usageError } from "../../errors.ts";
import { declareStaging, type StagingOptions } from "../../rollout/staging.ts";
import { generationsKept, type PublishedPlace, publishedFile } from "../../source/published.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";
import { publishFile } from "./publish.ts";

interface RollbackOptions extends StagingOptions {
  readonly author: string;
  readonly also?: readonly string[];
  readonly to?: number;
  readonly dryRun?: boolean;
}

/**
 * `antibody rollback STREAM`: publishes what an earlier generation said, as a new one. No device ever goes back to an
 * older generation: whoever replays one would else do the same.
 */
export const rollback: Verb<RollbackOptions> = {
  usage: "rollback <stream>",
  summary: "Publish again what an earlier generation of a stream said, as its next generation.",
  examples: ["antibody rollback home --author home", "antibody rollback home --author home --to 12"],
  exits: [
    [0, "published (or, with --dry-run, could be)"],
    [1, "the generation was not published from here, or publishing fails"],
  ],
  asksAgent: true,
  declare: (command) => {
    command
      .addOption(authorOption().makeOptionMandatory())
      .addOption(alsoOption())
      .option("--to <generation>", "which one; default: the one before the newest", readGeneration)
      .option("--dry-run", "sign and show, give nothing to anybody");
    declareStaging(command);
  },
  async run({ invocation, options, args: [name = ""] }) {
    const stream = parseStreamName(name);
    if (stream === undefined)
      throw usageError(`${printable(name)} is no name of a stream`, "a-z, 0-9 and -", "antibody log");
    const { author } = await readSigners(invocation, options.author, options.also);
    const place: PublishedPlace = { state: invocation.state, author: author.author, stream };
    const kept = generationsKept(place);
    const to = options.to ?? kept.at(-2);
    if (to === undefined || !kept.includes(to)) throw notKept(stream, to, kept);
    const { to: _to, ...rest } = options;
    return publishFile(invocation, publishedFile(place, to), { ...rest, note: `what generation ${to} said` });
  },
};

function notKept(stream: string, to: number | undefined, kept: readonly number[]): CliError {
  const these = kept.length === 0 ? "none" : kept.slice(-10).join(", ");
  return new CliError({
    code: "notKept",
    message:
      to === undefined
        ? `nothing to go back to in ${stream}`
        : `generation ${to} of ${stream} is not kept here`,
    cause: `what was published from this state directory is kept: ${these}`,
    next: "publish its file: antibody publish FILE --author NAME",
    exit: exitCode.failed,
  });
}

function readGeneration(text: string): number {
  const generation = Number(text);
  if (Number.isSafeInteger(generation) && generation > 0) return generation;
  throw new InvalidArgumentError("Write the number of a generation.");
}
