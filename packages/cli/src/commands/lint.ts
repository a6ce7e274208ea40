import type { Problem } from "@antibody/policy";
import { exitCode } from "../errors.ts";
import { calledAs, shellWord } from "../self.ts";
import { isProgram } from "../source/program.ts";
import { problemText, readSource } from "../source/read.ts";
import { suspectedSecrets } from "../source/secrets.ts";
import { printable } from "../text/printable.ts";
import type { Verb } from "../verb.ts";
import { count } from "../views/words.ts";

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

/** `antibody lint FILE`: every problem of a policy file, where an editor finds it. */
export const lint: Verb<object> = {
  usage: "lint <file>",
  summary: "Check a policy file: every problem with its line and column.",
  examples: ["antibody lint home.yaml", "antibody lint home.ts"],
  exits: [
    [0, "the file is sound"],
    [1, "it has problems, or cannot be read"],
  ],
  asksAgent: false,
  async run({ invocation, args: [file = ""] }) {
    const source = await readSource(file);
    const view = lintView(file, source);
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

function lintView(file: string, source: Awaited<ReturnType<typeof readSource>>): LintView {
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
    warnings: suspectedSecrets(source.documents).map(
      ({ resource, field, what }) =>
        `${resource}: ${field} looks like ${what}; every member of the swarm can read policy`,
    ),
  };
}
