import { CliError, exitCode, usageError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Asks whether what was shown before shall be done. Throws where nobody can be asked, and where the answer is no:
 * `look` is the command that shows what stands then.
 */
export async function askConsent(
  { terminal, self }: Invocation,
  question: string,
  look: string,
): Promise<void> {
  if (!terminal.canAsk) {
    throw usageError(
      "nothing was changed",
      "nobody can be asked here: this is not a terminal",
      "look at the lines above and add --yes",
    );
  }
  if (await terminal.confirm(question)) return;
  throw new CliError({
    code: "canceled",
    message: "nothing was changed",
    cause: "you said no",
    next: `${self} ${look}`,
    exit: exitCode.failed,
  });
}
