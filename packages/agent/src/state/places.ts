import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, rmdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Environment, runtimeDirectory } from "../control/paths.ts";
import { errnoOf, messageOf, StateError } from "./stateError.ts";

/** File systems in memory, by statfs(2): tmpfs and ramfs. */
const memoryFileSystems: readonly number[] = [0x01021994, 0x858458f6];

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

/**
 * A directory of this agent in memory, so that what is written there wears no card and yet survives the process:
 * the runtime directory where that is in memory, else one under /dev/shm; undefined where there is none.
 * Throws a StateError where another user prepared it.
 */
export function openMemoryDirectory(
  stateDirectory: string,
  environment: Environment = process.env,
): string | undefined {
  const runtime = runtimeDirectory(stateDirectory, environment, userId());
  makeOwnDirectory(runtime, 0o750);
  if (isInMemory(runtime)) return runtime;
  if (!isInMemory("/dev/shm")) return undefined;
  const path = shmDirectory(stateDirectory);
  makeOwnDirectory(path, 0o700);
  return path;
}

/** Removes the directory of `openMemoryDirectory` when nothing is left in it: a killed agent's recording stays. */
export function closeMemoryDirectory(stateDirectory: string): void {
  try {
    rmdirSync(shmDirectory(stateDirectory));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTEMPTY") throw error;
  }
}

/** Removes what a killed agent leaves outside of its state directory. Only while it does not run. */
export function removeRuntimeFiles(stateDirectory: string, environment: Environment = process.env): void {
  rmSync(runtimeDirectory(stateDirectory, environment, userId()), { recursive: true, force: true });
  rmSync(shmDirectory(stateDirectory), { recursive: true, force: true });
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

function userId(): number {
  return process.getuid?.() ?? 0;
}

/** Where an agent's memory directory is when its runtime directory is not in memory. */
export function shmDirectory(stateDirectory: string): string {
  const digest = createHash("sha256").update(resolve(stateDirectory)).digest("hex").slice(0, 16);
  return join("/dev/shm", `antibody-${userId()}-${digest}`);
}

function isInMemory(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return false;
  return memoryFileSystems.includes(statfsSync(path).type);
}
