import { statSync } from "node:fs";
import { join } from "node:path";
import { type ControlClient, ControlError, controlClient, controlPaths } from "@antibody/agent/control";
import type { Inspection } from "@antibody/core";
import { CliError, exitCode } from "./errors.ts";
import { beginningOf, named } from "./self.ts";
import type { Terminal } from "./terminal.ts";
import { printable } from "./text/printable.ts";

/** One call of a command: where its agent is, and how it answers. */
export interface Invocation {
  readonly terminal: Terminal;
  readonly json: boolean;
  /** The state directory, absolute. */
  readonly state: string;
  /** What a next command about this agent begins with: `antibody` or `antibody --state DIR`. */
  readonly self: string;
  readonly client: ControlClient;
  /**
   * The result: one object whose first key is its schema with `--json`, lines otherwise. Called once, or once for
   * each element of a stream.
   */
  print<Result extends SchemaObject>(result: Result, lines: () => readonly string[]): void;
}

export { shellWord } from "./self.ts";

/** What `--json` prints: the first key names the schema in docs/schemas and its version. */
interface SchemaObject {
  readonly schema: `antibody.${string}/${number}`;
}

/** The options that every command takes. */
export interface GlobalOptions {
  readonly state?: string;
  readonly json?: boolean;
}

/** Binds a call to its terminal and its agent. */
export function makeInvocation(terminal: Terminal, options: GlobalOptions): Invocation {
  const json = options.json === true;
  const { state, self } = named(terminal, options.state);
  const paths = controlPaths(state, terminal.environment, terminal.userId);
  return {
    terminal,
    json,
    state,
    self,
    client: withHints(controlClient(paths), state, self),
    print: (result, lines) => {
      if (json) terminal.out(`${JSON.stringify(result)}\n`);
      else for (const line of lines()) terminal.out(`${line}\n`);
    },
  };
}

/** What the agent here knows; undefined where none runs, or none that this user may ask. */
export async function inspectionHere({ client }: Invocation): Promise<Inspection | undefined> {
  try {
    return await client.inspect();
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

/** Whether an agent may have been begun there: also where this user may not look. */
function mayBeBegun(state: string): boolean {
  try {
    return statSync(join(state, "charter.json")).isFile();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}

/** A client whose errors say what to do, with the exit code that fits. */
function withHints(client: ControlClient, state: string, self: string): ControlClient {
  const hinted = <Arguments extends readonly unknown[], Result>(
    call: (...args: Arguments) => Promise<Result>,
  ): ((...args: Arguments) => Promise<Result>) => {
    return (...args) =>
      call(...args).catch((error: unknown) => {
        throw cliErrorOf(error, state, self);
      });
  };
  return {
    inspect: hinted(client.inspect),
    overlay: hinted(client.overlay),
    metrics: hinted(client.metrics),
    log: hinted(client.log),
    history: hinted(client.history),
    async *follow(recent, signal) {
      try {
        yield* client.follow(recent, signal);
      } catch (error) {
        throw cliErrorOf(error, state, self);
      }
    },
    recording: hinted(client.recording),
    command: hinted(client.command),
    offer: hinted(client.offer),
    invite: hinted(client.invite),
    chainOf: hinted(client.chainOf),
    publishEviction: hinted(client.publishEviction),
    stop: hinted(client.stop),
  };
}

function cliErrorOf(error: unknown, state: string, self: string): unknown {
  if (!(error instanceof ControlError)) return error;
  const cause = printable(error.message);
  switch (error.code) {
    case "notRunning":
      return new CliError({
        code: "notRunning",
        message: "the agent is not running",
        ...(mayBeBegun(state)
          ? { cause, next: `${self} run` }
          : { cause: `nothing was begun in ${printable(state)}`, next: beginningOf(self) }),
        exit: exitCode.notRunning,
      });
    case "denied":
      return new CliError({
        code: "denied",
        message: "the agent's socket is not yours to open",
        cause,
        next: "run the command as the agent's owner, or choose another agent with --state",
        exit: exitCode.denied,
      });
    case "busy":
      return new CliError({
        code: "busy",
        message: "the agent did not answer in time",
        cause,
        next: `try again; if it stays so: ${self} logs`,
        exit: exitCode.tryAgain,
      });
    case "notFound":
      return new CliError({
        code: "notFound",
        message: "the agent has no such thing",
        cause,
        next: `${self} incident list`,
        exit: exitCode.failed,
      });
    case "failed":
      return new CliError({
        code: "agentError",
        message: "the agent answered with an error",
        cause,
        next: `${self} logs`,
        exit: exitCode.failed,
      });
    default:
      return error.code satisfies never;
  }
}
