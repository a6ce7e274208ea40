import { CliError, exitCode, usageError } from "../errors.ts";
import type { Terminal } from "../terminal.ts";

/** Where a passphrase may come from. */
export type Asked = Pick<Terminal, "environment" | "canAsk" | "askSecret">;

const variable = "ANTIBODY_PASSPHRASE";

/** The passphrase of a key that exists: from the environment, or asked for. Throws a CliError. */
export async function knownPassphrase(terminal: Asked, path: string): Promise<string> {
  return fromEnvironment(terminal) ?? ask(terminal, `Passphrase of ${path}`);
}

/** A passphrase for a new key: from the environment, or asked for twice. Throws a CliError. */
export async function newPassphrase(terminal: Asked): Promise<string> {
  const given = fromEnvironment(terminal);
  if (given !== undefined) return given;
  const first = await ask(terminal, "Passphrase for the author's keys");
  const second = await ask(terminal, "The same again");
  if (first === second) return first;
  throw usageError("the passphrases differ", "a key that cannot be opened is lost", "run the command again");
}

function fromEnvironment(terminal: Asked): string | undefined {
  const given = terminal.environment[variable];
  return given === undefined || given === "" ? undefined : given;
}

async function ask(terminal: Asked, question: string): Promise<string> {
  if (!terminal.canAsk) {
    throw usageError(
      "a passphrase is needed",
      "nobody can be asked here: this is not a terminal",
      `set ${variable}, or run the command on a terminal`,
    );
  }
  const answer = await terminal.askSecret(question);
  if (answer !== undefined && answer !== "") return answer;
  throw new CliError({
    code: "canceled",
    message: "no passphrase was given",
    cause: "an author's key is sealed by a passphrase",
    next: "run the command again",
    exit: exitCode.failed,
  });
}
