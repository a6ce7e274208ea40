import type { Command } from "commander";
import type { ExitCode } from "./errors.ts";
import { type GlobalOptions, type Invocation, makeInvocation } from "./invocation.ts";
import type { Terminal } from "./terminal.ts";

/** What all commands of one program share. */
export interface Shell {
  readonly terminal: Terminal;
  /** How the command that ran has ended. */
  finish(code: ExitCode): void;
}

/** One call, as a verb sees it: options and arguments are read already. */
interface Call<Options> {
  readonly invocation: Invocation;
  readonly options: Options;
  readonly args: readonly string[];
}

/** One command: how it is called, what it is for, and what it does. */
export interface Verb<Options> {
  /** Name and arguments, as commander writes them: `why <resource>`. */
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly string[];
  /** What the exit codes mean here, beyond those of every command. */
  readonly exits: readonly (readonly [code: ExitCode, meaning: string])[];
  /** Whether it asks a running agent: adds the exit codes for that. */
  readonly asksAgent: boolean;
  readonly declare?: (command: Command) => void;
  run(call: Call<Options>): Promise<ExitCode>;
}

const usageExit = [2, "called in a wrong way"] as const;
const agentExits = [
  [4, "the agent is not running"],
  [5, "the agent's socket may not be opened by this user"],
  [75, "the agent did not answer in time: try again"],
] as const;

/** What a command is, for those who write about commands: the manual. */
export type VerbFacts = Pick<Verb<never>, "examples" | "exits" | "asksAgent">;

const factsByCommand = new WeakMap<Command, VerbFacts>();

/** What was said of a command when it was added; undefined for a group that does nothing itself. */
export function factsOf(command: Command): VerbFacts | undefined {
  return factsByCommand.get(command);
}

/** Adds a verb to a command, with its help. */
export function addVerb<Options>(parent: Command, shell: Shell, verb: Verb<Options>): Command {
  const command = parent.command(verb.usage).description(verb.summary);
  verb.declare?.(command);
  command.addHelpText("after", helpText(verb));
  factsByCommand.set(command, verb);
  command.action(async () => {
    const invocation = makeInvocation(shell.terminal, command.optsWithGlobals<GlobalOptions>());
    // Of a command that takes any number of words, the last argument is a list.
    const args = command.processedArgs.flat().filter((arg): arg is string => typeof arg === "string");
    shell.finish(await verb.run({ invocation, options: command.opts<Options & object>(), args }));
  });
  return command;
}

/** A verb with whatever options. */
export type AnyVerb = Verb<never>;

/** Commands below a word that does nothing itself. */
interface Group {
  readonly name: string;
  readonly description: string;
  readonly verbs: readonly AnyVerb[];
}

/** Adds a group of verbs; its help says where their examples are. */
export function addGroup(parent: Command, shell: Shell, { name, description, verbs }: Group): void {
  const group = parent.command(name).description(description);
  const [first] = verbs.map((verb) => addVerb(group, shell, verb).name());
  group.addHelpText("after", `\nEach with examples and exit codes: antibody ${name} ${first} --help`);
}

/** Every exit code of a command with its meaning, those of all commands among them, by number. */
export function exitsOf(verb: VerbFacts): readonly (readonly [code: ExitCode, meaning: string])[] {
  return [...verb.exits, usageExit, ...(verb.asksAgent ? agentExits : [])].toSorted(
    ([left], [right]) => left - right,
  );
}

function helpText(verb: VerbFacts): string {
  return [
    "",
    verb.examples.length === 1 ? "Example:" : "Examples:",
    ...verb.examples.map((example) => `  $ ${example}`),
    "",
    "Exit codes:",
    ...exitsOf(verb).map(([code, meaning]) => `  ${String(code).padStart(2)}  ${meaning}`),
  ].join("\n");
}
