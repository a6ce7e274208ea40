import type { Problem } from "@antibody/policy";
import { namedPublisher, publisherOfStream } from "../../author/publisher.ts";
import { exitCode } from "../../errors.ts";
import { inspectionHere } from "../../invocation.ts";
import { calledAs, shellWord } from "../../self.ts";
import { isProgram } from "../../source/program.ts";
import { reachWarnings } from "../../source/reach.ts";
import { problemText, readSource, type SoundSource } from "../../source/read.ts";
import { suspectedSecrets } from "../../source/secrets.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";
import { count } from "../../views/words.ts";

/** What `lint` tells, as `--json` prints it. */
interface LintView {
  readonly schema: "antibody.lint/1";
  readonly file: string;
  readonly stream?: string;
  readonly fragmentsCount: number;
  readonly promisesCount: number;
  readonly problems: readonly Problem[];
  /** What may be meant so, and should be looked at. */
  readonly warnings: readonly string[];
}

interface LintOptions {
  readonly author?: string;
}

/** `antibody lint FILE`: every problem of a policy file, where an editor finds it. */
export const lint: Verb<LintOptions> = {
  usage: "lint <file>",
  summary:
    "Check a policy file: every problem with its line and column. Where an agent runs here, also against what its owner has granted the author.",
  examples: [
    "antibody lint home.yaml",
    "antibody lint home.ts",
    "antibody lint home.yaml --author home   # also against the scopes of its root",
  ],
  exits: [
    [0, "the file is sound"],
    [1, "it has problems, or cannot be read"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command.option(
      "--author <name>",
      "who is to publish it: a key of the state directory, a key or root file, or an id known here; default: whose stream it is here",
    ),
  async run({ invocation, options, args: [file = ""] }) {
    const inspection = await inspectionHere(invocation);
    const named =
      options.author === undefined ? undefined : await namedPublisher(invocation, options.author, inspection);
    const source = await readSource(file, named?.scopes);
    const view = lintView(file, source, ({ stream, documents }) => {
      const whose = inspection === undefined ? { scopes: [] } : publisherOfStream(inspection, stream);
      return reachWarnings(documents, named ?? whose, inspection);
    });
    invocation.print(view, () =>
      view.problems.length === 0
        ? [
            ...view.warnings.map((warning) => printable(`warning: ${warning}`)),
            `${printable(file)}: sound (${count(view.fragmentsCount, "fragment")}, ${count(view.promisesCount, "promise")})`,
          ]
        : [
            ...view.problems.map((problem) => printable(problemText(problem))),
            ...(isProgram(file)
              ? [`these lines: ${calledAs(invocation.terminal)} build ${shellWord(file)}`]
              : []),
          ],
    );
    return view.problems.length === 0 ? exitCode.ok : exitCode.failed;
  },
};

function lintView(
  file: string,
  source: Awaited<ReturnType<typeof readSource>>,
  reachOf: (source: SoundSource) => readonly string[],
): LintView {
  if ("problems" in source) {
    return {
      schema: "antibody.lint/1",
      file,
      fragmentsCount: 0,
      promisesCount: 0,
      problems: source.problems,
      warnings: [],
    };
  }
  const promises = source.documents.map(({ promises: of }) => Object.keys(of).length);
  return {
    schema: "antibody.lint/1",
    file,
    stream: source.stream,
    fragmentsCount: source.documents.length,
    promisesCount: promises.reduce((sum, each) => sum + each, 0),
    problems: [],
    warnings: [
      ...suspectedSecrets(source.documents).map(
        ({ resource, field, what }) =>
          `${resource}: ${field} looks like ${what}; every member of the swarm can read policy`,
      ),
      ...reachOf(source),
    ],
  };
}
