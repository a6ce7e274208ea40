import { type AuthorId, parseId } from "@antibody/policy";
import { exitCode } from "../../errors.ts";
import { findId } from "../../find.ts";
import { authorOfStream, diffSource, type PromiseChange, type SourceDiff } from "../../source/live.ts";
import { readSoundSource } from "../../source/read.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";

/** What `diff` tells, as `--json` prints it. */
interface DiffView extends SourceDiff {
  readonly schema: "antibody.diff/1";
  readonly file: string;
  readonly stream: string;
  /** Absent when the agent holds nothing of the stream. */
  readonly author?: string;
  /** The generation compared with. */
  readonly generation?: number;
}

/** `antibody diff FILE`: what publishing it would change on this device, deletions included. */
export const diff: Verb<{ readonly author?: string }> = {
  usage: "diff <file>",
  summary: "What publishing a policy file would change on this device, removed promises included.",
  examples: ["antibody diff home.yaml"],
  exits: [
    [0, "compared, whether or not something differs"],
    [1, "the file has problems, or several authors have a stream of this name"],
  ],
  asksAgent: true,
  declare: (command) =>
    void command.option("--author <id>", "whose stream, where several have one of this name"),
  async run({ invocation, options, args: [file = ""] }) {
    const source = await readSoundSource(file, invocation.self);
    const inspection = await invocation.client.inspect();
    const authors = inspection.streams.map(({ author }) => author);
    const author =
      options.author === undefined
        ? authorOfStream(inspection, source.stream)
        : (parseId("author", options.author) ??
          findId<AuthorId>(authors, options.author, "author", `${invocation.self} trust list`));
    const state = inspection.streams.find((each) => each.author === author && each.stream === source.stream);
    const generation = state?.active?.version.generation;
    const view: DiffView = {
      schema: "antibody.diff/1",
      file,
      stream: source.stream,
      ...(author === undefined ? {} : { author }),
      ...(generation === undefined ? {} : { generation }),
      ...diffSource(inspection, author, source.stream, source.documents),
    };
    invocation.print(view, () => diffLines(view).map(printable));
    return exitCode.ok;
  },
};

function diffLines(view: DiffView): readonly string[] {
  const against = view.generation === undefined ? "nothing yet" : `generation ${view.generation}`;
  const lines = [
    ...view.added.map((change) => `+ ${changeText(change)}`),
    ...view.changed.map((change) => `~ ${changeText(change)}`),
    ...view.removed.map((change) => `- ${changeText(change)}`),
  ];
  const { added, changed, removed, unchangedCount } = view;
  return [
    `${view.file} against ${against} of stream ${view.stream}:`,
    ...lines,
    `${added.length} added, ${changed.length} changed, ${removed.length} removed, ${unchangedCount} unchanged`,
  ];
}

function changeText(change: PromiseChange): string {
  const fields = change.fields.length === 0 ? "" : `: ${change.fields.join(", ")}`;
  return `${change.resource}${fields}${change.when === undefined ? "" : ` (where ${change.when})`}`;
}
