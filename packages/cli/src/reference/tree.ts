import type { Command } from "commander";
import { factsOf, type VerbFacts } from "../verb.ts";

/** One option of a command. */
export interface OptionNode {
  /** `--json`, and `-h` where there is one. */
  readonly flags: readonly string[];
  /** As people write it: `--for <duration>`. */
  readonly usage: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** One command with everything below it, as plain data: what completion and the manual are written from. */
export interface CommandNode {
  /** Words from the program on: `antibody`, `peers`, `why`. */
  readonly words: readonly string[];
  readonly description: string;
  /** Arguments as people write them: `<resource>`. */
  readonly args: readonly string[];
  readonly options: readonly OptionNode[];
  readonly facts: VerbFacts | undefined;
  readonly children: readonly CommandNode[];
}

/** Reads commander's own definitions. */
export function commandTree(command: Command, above: readonly string[] = []): CommandNode {
  const words = [...above, command.name()];
  const help = command.createHelp();
  return {
    words,
    description: command.description(),
    args: command.registeredArguments
      .map((arg) => help.argumentTerm(arg))
      .map((name, index) => {
        return command.registeredArguments[index]?.required === true ? `<${name}>` : `[${name}]`;
      }),
    options: help.visibleOptions(command).map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
      usage: option.flags,
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
    facts: factsOf(command),
    children: command.commands.map((child) => commandTree(child, words)),
  };
}

/** A command and all below it, each before its own children. */
export function allNodes(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.children.flatMap(allNodes)];
}
