import type { Command } from "commander";
import { exitCode, usageError } from "../../errors.ts";
import { completionScript, type ShellName, shells } from "../../reference/completion.ts";
import { manualPage } from "../../reference/manual.ts";
import { commandTree } from "../../reference/tree.ts";
import type { Verb } from "../../verb.ts";
import { version } from "../../version.ts";

/** What completion or the manual was written for, and its text, as `--json` prints it. */
interface ReferenceView {
  readonly schema: "antibody.reference/1";
  readonly format: ShellName | "man";
  readonly text: string;
}

/** `antibody completion SHELL`: what a shell reads to complete the commands of this program. */
export function completion(program: Command): Verb<object> {
  return {
    usage: "completion <shell>",
    summary: `Print what a shell reads to complete these commands: ${shells.join(", ")}.`,
    examples: ["antibody completion bash > ~/.local/share/bash-completion/completions/antibody"],
    exits: [[0, "printed"]],
    asksAgent: false,
    async run({ invocation, args: [name = ""] }) {
      const shell = shells.find((each) => each === name);
      if (shell === undefined) {
        throw usageError(
          "there is no completion for this shell",
          `known are ${shells.join(", ")}`,
          "name one",
        );
      }
      const text = completionScript(shell, commandTree(program));
      const view: ReferenceView = { schema: "antibody.reference/1", format: shell, text };
      invocation.print(view, () => [text.trimEnd()]);
      return exitCode.ok;
    },
  };
}

/** `antibody manual`: the manual page. */
export function manual(program: Command): Verb<object> {
  return {
    usage: "manual",
    summary: "Print the manual page antibody(1), for man.",
    examples: ["antibody manual | man -l -"],
    exits: [[0, "printed"]],
    asksAgent: false,
    async run({ invocation }) {
      const text = manualPage(commandTree(program), version);
      const view: ReferenceView = { schema: "antibody.reference/1", format: "man", text };
      invocation.print(view, () => [text.trimEnd()]);
      return exitCode.ok;
    },
  };
}
