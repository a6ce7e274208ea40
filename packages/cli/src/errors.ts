/** How a command ends. Fixed: scripts rely on it. */
export const exitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  degraded: 3,
  notRunning: 4,
  denied: 5,
  tryAgain: 75,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** What goes into a CliError. */
export interface CliErrorParts {
  /** Stable, camelCase, for scripts. */
  readonly code: string;
  /** What did not work, one line. */
  readonly message: string;
  /** Why, one line. */
  readonly cause: string;
  /** The command or the step that helps. */
  readonly next: string;
  readonly exit: ExitCode;
}

/** The one error that commands end with: what did not work, why, and what to do next. */
export class CliError extends Error {
  readonly code: string;
  readonly why: string;
  readonly next: string;
  readonly exit: ExitCode;

  constructor(parts: CliErrorParts) {
    super(parts.message);
    this.name = "CliError";
    this.code = parts.code;
    this.why = parts.cause;
    this.next = parts.next;
    this.exit = parts.exit;
  }
}

/** A fault in how the command was called. */
export function usageError(message: string, cause: string, next: string): CliError {
  return new CliError({ code: "usage", message, cause, next, exit: exitCode.usage });
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
