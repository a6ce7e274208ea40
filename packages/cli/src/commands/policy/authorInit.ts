import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseStreamName } from "@antibody/policy";
import { CliError, exitCode, usageError } from "../../errors.ts";
import { shellWord } from "../../self.ts";
import { type EditorKind, editorFiles, editorText, firstLine, writeText } from "../../source/editing.ts";
import { isProgram } from "../../source/program.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";

/** What `author init` tells, as `--json` prints it. */
interface AuthorInitView {
  readonly schema: "antibody.authorInit/1";
  readonly file: string;
  /** What an editor completes it by. */
  readonly editorFile: string;
  readonly nextCommand: string;
}

/** `antibody author init FILE`: a policy file to begin with, and what an editor needs for it, beside it. */
export const authorInit: Verb<object> = {
  usage: "init [file]",
  summary: "Begin a policy file, in YAML or in TypeScript, that an editor completes; also without a network.",
  examples: ["antibody author init", "antibody author init lights.yaml", "antibody author init lights.ts"],
  exits: [
    [0, "written"],
    [1, "the file is there already, or cannot be written"],
  ],
  asksAgent: false,
  async run({ invocation, args: [file = "home.yaml"] }) {
    const stream = streamOf(file);
    if (existsSync(file)) {
      throw new CliError({
        code: "exists",
        message: `${printable(file)} exists already`,
        cause: "what somebody has written is not overwritten",
        next: `choose another name; for its editor alone: ${invocation.self} schema`,
        exit: exitCode.failed,
      });
    }
    const kind: EditorKind = isProgram(file) ? "typescript" : "policy";
    const editorFile = join(dirname(file), editorFiles[kind]);
    // Made by a version of antibody, and made anew by this one.
    await writeText(
      editorFile,
      await editorText(kind),
      "choose a directory that exists, where you may write",
    );
    await writeText(file, beginning(kind, stream), "choose another name", "wx");
    const nextCommand = `${invocation.self} lint ${shellWord(file)}`;
    const view: AuthorInitView = { schema: "antibody.authorInit/1", file, editorFile, nextCommand };
    invocation.print(view, () => [
      `wrote ${printable(file)}, a policy to begin with`,
      `wrote ${printable(editorFile)}, which an editor completes it by`,
      `next: ${nextCommand}`,
    ]);
    return exitCode.ok;
  },
};

/** The stream is called as the file is. */
function streamOf(file: string): string {
  const name = basename(file).replace(/\.(?:ya?ml|m?ts)$/, "");
  const stream = name === basename(file) ? undefined : parseStreamName(name);
  if (stream !== undefined) return stream;
  throw usageError(
    `${printable(file)} is no name for a policy file`,
    "it is called as its stream (a-z, 0-9 and -), and ends with .yaml, .yml, .ts or .mts",
    "antibody author init home.yaml",
  );
}

function beginning(kind: EditorKind, stream: string): string {
  const first = firstLine(kind, editorFiles[kind]);
  if (kind === "typescript") {
    return `${first}

export default policy(
  "${stream}",
  fragment("greeting", {
    "file:/etc/greeting": { content: "hello\\n", mode: "0644" },
  }),
);
`;
  }
  return `${first}
stream: ${stream}
name: greeting
promises:
  file:/etc/greeting: { content: "hello\\n", mode: "0644" }
`;
}
