import { resolve } from "node:path";
import { defaultStateDirectory } from "@antibody/agent/control";
import type { Terminal } from "./terminal.ts";

/** Where an agent is, and how the user has to name it in a next command. */
export interface Named {
  /** The state directory, absolute. */
  readonly state: string;
  /** `antibody`, `antibody --state DIR`, or the same by npm from a checkout. */
  readonly self: string;
}

/** How the command itself was called: from a checkout there is no `antibody` to copy a next command into. */
export function calledAs({ environment }: Pick<Terminal, "environment">): string {
  return environment["npm_lifecycle_event"] === "antibody" ? "npm run -s antibody --" : "antibody";
}

/** Finds the state directory of a call, and what a next command about it begins with. */
export function named(terminal: Pick<Terminal, "environment" | "userId">, state: string | undefined): Named {
  const standard = defaultStateDirectory(terminal.environment, terminal.userId);
  const chosen = resolve(state ?? standard);
  const called = calledAs(terminal);
  return { state: chosen, self: chosen === standard ? called : `${called} --state ${shellWord(chosen)}` };
}

/**
 * Makes the commands in an advice work as printed. The agent and its mind know neither how they were called nor
 * where their state lies: they write `antibody VERB`. What is to be run on another device stays as it is.
 */
export function withSelf(advice: string, self: string): string {
  return advice.replace(
    /(on the other device: |runs \()?\bantibody (?=[a-z])/g,
    (words: string, elsewhere: string | undefined) => (elsewhere === undefined ? `${self} ` : words),
  );
}

/** How an agent is begun, where there is none. */
export function beginningOf(self: string): string {
  return `${self} init --name NAME, or ${self} join CODE --name NAME`;
}

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
