import { Command, CommanderError } from "commander";
import { CliError, type ExitCode, exitCode, messageOf, usageError } from "./errors.ts";
import type { GlobalOptions } from "./invocation.ts";
import { calledAs, named, withSelf } from "./self.ts";
import type { Terminal } from "./terminal.ts";
import { printable } from "./text/printable.ts";
import { columnsMax } from "./text/table.ts";
import { addVerb, type Shell } from "./verb.ts";
import { version } from "./version.ts";

/** Runs one command line and gives its exit code. Never throws: errors are printed. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const addCommands = await commandsFor(argv);
  const program = makeProgram(terminal);
  const finish = (finished: ExitCode): void => {
    code = finished;
  };
  addCommands(program, { terminal, finish });
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    const { self } = named(terminal, program.opts<GlobalOptions>().state);
    const help = `${[calledAs(terminal), ...calledCommand(program, argv)].join(" ")} --help`;
    return report(knownError(error, self, help), argv.includes("--json"), terminal);
  }
}

/**
 * An agent lives long, on small devices, and a simulation needs its memory for a swarm: of all commands only their own
 * are loaded for them. Help is of all of them.
 */
async function commandsFor(argv: readonly string[]): Promise<(program: Command, shell: Shell) => void> {
  const [command] = wordsOf(argv);
  const help = argv.includes("--help") || argv.includes("-h");
  if (command === "run" && !help) {
    const { run } = await import("./commands/swarm/run.ts");
    return (program, shell) => void addVerb(program, shell, run);
  }
  if (command === "sim" && !help) return (await import("./commands/trying/simGroup.ts")).addSim;
  return (await import("./commands/index.ts")).addCommands;
}

/** What is no option, and no value of one that comes before the command. */
function wordsOf(argv: readonly string[]): readonly string[] {
  return argv.filter((word, index) => !word.startsWith("-") && argv[index - 1] !== "--state");
}

/** Below the list of commands. */
const firstSteps = `
Examples:
  $ antibody demo                 # what it does, on this machine alone
  $ antibody init --name attic    # the first device of a swarm
  $ antibody doctor               # what is wrong with this device, and what mends it

Each command with examples and exit codes: antibody COMMAND --help`;

function makeProgram(terminal: Terminal): Command {
  return new Command("antibody")
    .description("Agents that heal their own device from signed policy, and route around dead peers.")
    .version(version)
    .option("--state <directory>", "where the agent keeps its state")
    .option("--json", "print one JSON object (schemas: docs/schemas)")
    .addHelpText("after", firstSteps)
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      // Faults of usage are printed like every other error, below.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(terminal.columns ?? columnsMax, columnsMax),
      getErrHelpWidth: () => Math.min(terminal.columns ?? columnsMax, columnsMax),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/** Prints an error and gives the exit code for it. */
function report(known: CliError | "helped" | undefined, json: boolean, terminal: Terminal): ExitCode {
  if (known === undefined) return exitCode.ok;
  if (known === "helped") return exitCode.usage;
  if (json) {
    const { code, message, why: cause, next } = known;
    terminal.err(`${JSON.stringify({ error: { code, message, cause, next } })}\n`);
  } else {
    const [message, cause, next] = [known.message, known.why, known.next].map(printable);
    terminal.err(`antibody: ${message}\n  cause: ${cause}\n  next: ${next}\n`);
  }
  return known.exit;
}

/** What other tools call some of the commands: a word has one meaning here, and no second name. */
const otherWords: ReadonlyMap<string, string> = new Map([
  ["explain", "why"],
  ["describe", "why"],
  ["show", "status, or why RESOURCE"],
  ["list", "status --all"],
  ["ps", "status --all"],
  ["history", "log"],
  ["audit", "log"],
  ["events", "logs --follow"],
  ["top", "watch"],
  ["members", "peers"],
  ["nodes", "peers"],
  ["graph", "map"],
  ["check", "doctor"],
  ["health", "doctor"],
  ["start", "run"],
  ["up", "run"],
  ["down", "stop"],
  ["leave", "stop, or evict on another device"],
  ["unpause", "resume"],
  ["continue", "resume"],
  ["apply", "publish"],
  ["deploy", "publish"],
  ["plan", "diff, or simulate"],
  ["validate", "lint"],
  ["keygen", "author keygen"],
  ["grant", "trust add"],
]);

/** The command that was meant, as far as its words are known: whose help says how it is called. */
function calledCommand(program: Command, argv: readonly string[]): readonly string[] {
  const known: string[] = [];
  let command: Command | undefined = program;
  for (const word of wordsOf(argv)) {
    command = command.commands.find((child) => child.name() === word);
    if (command === undefined) break;
    known.push(word);
  }
  return known;
}

/** An error as it is told; undefined for what is none, and `helped` where the help was printed instead. */
function knownError(error: unknown, self: string, help: string): CliError | "helped" | undefined {
  if (error instanceof CliError) return error;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    // Without a subcommand commander has printed the help already.
    if (error.code === "commander.help") return "helped";
    const cause = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    const [, unknown = ""] = /^unknown command '([^']*)'/.exec(cause) ?? [];
    const meant = otherWords.get(unknown);
    const told =
      meant === undefined ? cause : `unknown command '${unknown}'; what you look for may be ${meant}`;
    return usageError("the command cannot be understood", told, help);
  }
  const hinted = hintedError(error, self);
  if (hinted !== undefined) return hinted;
  return new CliError({
    code: "failed",
    message: "the command failed",
    cause: messageOf(error),
    next: `${self} status; if this is a fault of antibody, please report it`,
    exit: exitCode.failed,
  });
}

/** Exit codes of what the agent's own errors say; the others are plain failures. */
const exitByCode: { readonly [code: string]: ExitCode } = {
  statePermissions: exitCode.denied,
  mayNotInvite: exitCode.denied,
  unreachable: exitCode.tryAgain,
  closed: exitCode.tryAgain,
  broken: exitCode.tryAgain,
  busy: exitCode.tryAgain,
};

/** Errors of the agent (StateError, JoinError) that carry a code and what to do next. */
function hintedError(error: unknown, self: string): CliError | undefined {
  if (!(error instanceof Error) || !("next" in error) || !("code" in error)) return undefined;
  const { code, next } = error;
  if (typeof code !== "string" || typeof next !== "string") return undefined;
  return new CliError({
    code,
    message: error.name === "JoinError" ? "this device could not join" : "the agent's state cannot be used",
    cause: error.message,
    next: withSelf(next, self),
    exit: exitByCode[code] ?? exitCode.failed,
  });
}
