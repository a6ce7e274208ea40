/**
 * What is wrong with a state directory.
 * - `stateMissing`: there is no agent in it. `stateExists`: there is one already.
 * - `stateLocked`: another run holds it.
 * - `stateNewer`: a newer version of Antibody wrote it.
 * - `stateBroken`: what is in it cannot be read.
 * - `statePermissions`: others could read or replace a secret of the agent.
 * - `stateUnwritable`: the system refused to read or write it.
 */
export type StateErrorCode =
  | "stateMissing"
  | "stateExists"
  | "stateLocked"
  | "stateNewer"
  | "stateBroken"
  | "statePermissions"
  | "stateUnwritable";

/** A state directory that cannot be used as it is: what is wrong, and what to do about it. */
export class StateError extends Error {
  readonly code: StateErrorCode;
  /** What to do next: a sentence, or a command. */
  readonly next: string;

  constructor(code: StateErrorCode, message: string, next: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StateError";
    this.code = code;
    this.next = next;
  }
}

/** The errno name of a failed system call, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
