import { exitsOf } from "../verb.ts";
import { allNodes, type CommandNode } from "./tree.ts";

/** The manual page antibody(1) in the man macros of roff (man(7)). */
export function manualPage(tree: CommandNode, version: string): string {
  const commands = allNodes(tree).filter(({ facts }) => facts !== undefined);
  return `${[
    `.TH ANTIBODY 1 "" "antibody ${plain(version)}" "User Commands"`,
    ".SH NAME",
    `antibody \\- ${plain(lowered(tree.description))}`,
    ".SH SYNOPSIS",
    ".B antibody",
    `${tree.options.length === 0 ? "" : "[OPTION]... "}COMMAND [ARGUMENT]...`,
    ".SH DESCRIPTION",
    ...description,
    ".SH OPTIONS",
    "These go before or after every command.",
    ...tree.options.flatMap(optionLines),
    ".SH COMMANDS",
    ...commands.flatMap(commandLines),
    ".SH FILES",
    ...files.flatMap(([path, text]) => [".TP", `.I ${plain(path)}`, plain(text)]),
    ".SH EXIT STATUS",
    ...exits.flatMap(([code, text]) => [".TP", `.B ${code}`, plain(text)]),
  ].join("\n")}\n`;
}

const description = [
  "An agent keeps one device as signed policy promises: files, directories, running processes, services.",
  "Agents pass policy and news of each other's health from peer to peer, without a server.",
  "What cannot be repaired is routed around; what needs a human is handed over with the evidence.",
];

const files = [
  ["/var/lib/antibody", "the state of the service: keys, charter, journal"],
  ["~/.local/state/antibody", "the state of an agent that a user runs"],
  ["/run/antibody", "the sockets of the service"],
] as const;

const exits = [
  [0, "ok"],
  [1, "failed"],
  [2, "called in a wrong way"],
  [3, "it works, but something needs attention"],
  [4, "the agent is not running"],
  [5, "denied"],
  [75, "try again"],
] as const;

function commandLines(node: CommandNode): readonly string[] {
  const { facts } = node;
  if (facts === undefined) return [];
  return [
    `.SS "${plain([...node.words, ...node.args].join(" "))}"`,
    plain(node.description),
    ...node.options.filter(({ flags }) => !flags.includes("--help")).flatMap(optionLines),
    ".PP",
    facts.examples.length === 1 ? "Example:" : "Examples:",
    ".PP",
    ".nf",
    ...facts.examples.map((example) => `.RS 4\n${plain(example)}\n.RE`),
    ".fi",
    ".PP",
    "Exit status:",
    ...exitsOf(facts).flatMap(([code, meaning]) => [".TP", `.B ${code}`, plain(meaning)]),
  ];
}

function optionLines({ usage, description: text }: CommandNode["options"][number]): readonly string[] {
  return [".TP", `.B ${plain(usage)}`, plain(text)];
}

/** Text in which roff sees no markup: no request at the start of a line, no escape, hyphens that can be copied. */
function plain(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replaceAll(/^([.'])/gm, "\\&$1");
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "");
}
