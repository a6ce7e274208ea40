// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shells write ${…} as well.
import { allNodes, type CommandNode, type OptionNode } from "./tree.ts";

/** Shells that completion is written for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** One of the shells. */
export type ShellName = (typeof shells)[number];

/** What a shell reads to complete the commands of a tree. */
export function completionScript(shell: ShellName, tree: CommandNode): string {
  switch (shell) {
    case "bash":
      return bashScript(tree);
    case "zsh":
      return zshScript(tree);
    case "fish":
      return fishScript(tree);
    default:
      return shell satisfies never;
  }
}

/** A word between single quotes: nothing in it means anything to a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Where in the tree the words typed so far lead; options and their values are passed over. */
function walk(tree: CommandNode): readonly string[] {
  const groups = allNodes(tree).filter(({ children }) => children.length > 0);
  const cases = groups.flatMap((group) =>
    group.children.map(({ words }) => `      ${quoted(words.join(" "))}) at=$at' '$word ;;`),
  );
  const valued = allNodes(tree).flatMap(({ options }) => options.filter(({ takesValue }) => takesValue));
  const flags = [...new Set(valued.flatMap((option) => option.flags))].toSorted();
  return [
    "    if [[ -n $skip ]]; then skip=; continue; fi",
    "    case $word in",
    `      ${flags.join("|")}) skip=1; continue ;;`,
    "    esac",
    "    case $at' '$word in",
    ...cases,
    "    esac",
  ];
}

function flagsOf({ options }: CommandNode, tree: CommandNode): readonly OptionNode[] {
  const own = new Set(options.flatMap(({ flags }) => flags));
  // The options of the program are taken after each command as well.
  return [...options, ...tree.options.filter(({ flags }) => !flags.some((flag) => own.has(flag)))];
}

function longest({ flags }: OptionNode): string {
  return flags.at(-1) ?? "";
}

function bashScript(tree: CommandNode): string {
  const lists = allNodes(tree).map((node) => {
    const words = [...node.children.map((child) => child.words.at(-1)), ...flagsOf(node, tree).map(longest)];
    return `    ${quoted(node.words.join(" "))}) words=${quoted(words.join(" "))} ;;`;
  });
  return `${[
    "# bash completion of antibody; made by: antibody completion bash",
    "_antibody() {",
    "  local word words at=antibody skip= last=${COMP_WORDS[COMP_CWORD]}",
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    ...walk(tree),
    "  done",
    "  COMPREPLY=()",
    "  # The value of an option: a file is the best guess.",
    "  if [[ -n $skip ]]; then compopt -o default 2>/dev/null; return; fi",
    "  case $at in",
    ...lists,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$last"))',
    "  # Nothing of ours fits: an argument, often a file.",
    "  if [[ ${#COMPREPLY[@]} == 0 ]]; then compopt -o default 2>/dev/null; fi",
    "}",
    "complete -F _antibody antibody",
  ].join("\n")}\n`;
}

function zshScript(tree: CommandNode): string {
  const described = (word: string | undefined, text: string): string =>
    quoted(`${(word ?? "").replaceAll(":", "\\:")}:${text.replaceAll(":", "\\:")}`);
  const lists = allNodes(tree).flatMap((node) => [
    `    ${quoted(node.words.join(" "))})`,
    `      commands=(${node.children.map((child) => described(child.words.at(-1), child.description)).join(" ")})`,
    `      flags=(${flagsOf(node, tree)
      .map((option) => described(longest(option), option.description))
      .join(" ")})`,
    "      ;;",
  ]);
  return `${[
    "#compdef antibody",
    "# zsh completion of antibody; made by: antibody completion zsh",
    "_antibody() {",
    "  local word at=antibody skip=",
    "  local -a commands flags",
    '  for word in "${(@)words[2,CURRENT-1]}"; do',
    ...walk(tree),
    "  done",
    "  if [[ -n $skip ]]; then _files; return; fi",
    "  case $at in",
    ...lists,
    "  esac",
    "  if (( ${#commands} )); then _describe -t commands command commands; else _files; fi",
    "  _describe -o -t options option flags",
    "}",
    'if [[ $funcstack[1] == _antibody ]]; then _antibody "$@"; else compdef _antibody antibody; fi',
  ].join("\n")}\n`;
}

function fishScript(tree: CommandNode): string {
  const lines = allNodes(tree).flatMap((node) => {
    const here = `-n ${quoted(`__antibody_at ${node.words.join(" ")}`)}`;
    const commands = node.children.map(
      (child) => `complete -c antibody ${here} -f -a ${child.words.at(-1)} -d ${quoted(child.description)}`,
    );
    const options = flagsOf(node, tree).map((option) => {
      const long = `-l ${longest(option).replace(/^--/, "")}`;
      return `complete -c antibody ${here} ${long}${option.takesValue ? " -r" : ""} -d ${quoted(option.description)}`;
    });
    return [...commands, ...options];
  });
  const paths = allNodes(tree).map(({ words }) => quoted(words.join(" ")));
  return `${[
    "# fish completion of antibody; made by: antibody completion fish",
    "function __antibody_at",
    `  set -l paths ${paths.join(" ")}`,
    "  set -l at antibody",
    "  for word in (commandline -opc)[2..-1]",
    '    if contains -- "$at $word" $paths',
    '      set at "$at $word"',
    "    end",
    "  end",
    '  test "$at" = "$argv"',
    "end",
    ...lines,
  ].join("\n")}\n`;
}
