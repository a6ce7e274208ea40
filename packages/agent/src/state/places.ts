import { existsSync, lstatSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errnoOf, messageOf, StateError } from "./stateError.ts";

/** Names inside a state directory. Fixed: owners and backups know them. */
export interface StatePaths {
  readonly directory: string;
  readonly agentKey: string;
  readonly authorKeys: string;
  readonly ownerKey: string;
  readonly recoveryKey: string;
  readonly charter: string;
  readonly journal: string;
  /** What is newest in the journal. */
  readonly front: string;
  readonly history: string;
  /** The owner's words for this device, one a line. */
  readonly tags: string;
  /** The port of the last run. */
  readonly port: string;
}

/** Where everything is that an agent keeps. */
export function statePaths(stateDirectory: string): StatePaths {
  const directory = resolve(stateDirectory);
  return {
    directory,
    agentKey: join(directory, "agent.key"),
    authorKeys: join(directory, "author-keys"),
    ownerKey: join(directory, "owner.key"),
    recoveryKey: join(directory, "recovery.key"),
    charter: join(directory, "charter.json"),
    journal: join(directory, "journal.db"),
    front: join(directory, "journal.front"),
    history: join(directory, "history.db"),
    tags: join(directory, "tags"),
    port: join(directory, "port"),
  };
}

/** Whether there is an agent in a state directory. Throws a StateError (`statePermissions`) where it cannot be seen. */
export function holdsAgent(stateDirectory: string): boolean {
  const { charter } = statePaths(stateDirectory);
  try {
    return statSync(charter, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    const next = `Run it as the owner of the state (ls -ld ${resolve(stateDirectory)}), or with sudo.`;
    throw new StateError("statePermissions", `cannot look at ${charter}: ${messageOf(error)}`, next, error);
  }
}

/** Makes a directory, or takes the one that is there if nobody else may write in it. Throws a StateError. */
export function makeOwnDirectory(path: string, mode: number): void {
  try {
    makeDirectories(path, mode);
    const stat = lstatSync(path);
    if (stat.isDirectory() && stat.uid === userId() && (stat.mode & 0o022) === 0) return;
  } catch (error) {
    const code = errnoOf(error) === "EACCES" ? "statePermissions" : "stateUnwritable";
    const next = "Choose another directory with --state, or make this one writable.";
    throw new StateError(code, `cannot use the directory ${path}: ${messageOf(error)}`, next, error);
  }
  const next = `Look at it (ls -ld ${path}): it must belong to the agent's user, who alone may write there.`;
  throw new StateError("statePermissions", `others could replace what is in ${path}`, next);
}

/** What `recursive` of mkdirSync does, but for where no directory can be, such as /proc: Node 24.21 tries for ever there. */
function makeDirectories(path: string, mode: number): void {
  if (dirname(path) !== path && !existsSync(dirname(path))) makeDirectories(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST" || !statSync(path).isDirectory()) throw error;
  }
}

/** The user of this process. */
export function userId(): number {
  return process.getuid?.() ?? 0;
}
