import { closeSync, existsSync, openSync, readSync, realpathSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isBroken, isBusy } from "./sqlite.ts";
import { messageOf, StateError } from "./stateError.ts";

/** Where SQLite keeps `user_version` in the head of a file (its file format, 1.3): the holder's pid, for people. */
const pidOffset = 60;

/**
 * Locks held by this process, by path. A process that opens and closes the file of a lock that it holds itself
 * would lose it (POSIX locks), so it must not get that far. And a database that nobody refers to is closed by the
 * garbage collector, its lock with it: what holds a lock until its release is this map, not the caller.
 */
const held = new Map<string, DatabaseSync>();

/** A held state directory. */
export interface Lock {
  release(): void;
}

/**
 * Takes a state directory for this process. The kernel releases it when the process ends, however it ends:
 * the lock is SQLite's own on a small file, and children do not inherit it.
 * Throws a StateError (`stateLocked`) that names the holder.
 */
export function takeLock(stateDirectory: string): Lock {
  const path = join(realpathSync(stateDirectory), "lock");
  if (held.has(path)) throw lockedBy(path, process.pid);
  const database = lockFile(path);
  held.set(path, database);
  return {
    release: () => {
      if (held.delete(path)) database.close();
    },
  };
}

function lockFile(path: string): DatabaseSync {
  try {
    return openLocked(path);
  } catch (error) {
    if (isBusy(error)) throw lockedBy(path, readPid(path));
    // Whoever holds the lock is asked for it before the content is read: garbage has no holder.
    if (isBroken(error)) {
      truncateSync(path);
      return openLocked(path);
    }
    const next = "Check the permissions of the state directory.";
    throw new StateError("stateUnwritable", `cannot lock ${path}: ${messageOf(error)}`, next, error);
  }
}

function openLocked(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // In exclusive mode the lock of the first write is kept until the database is closed.
    database.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF");
    database.exec(`BEGIN EXCLUSIVE; PRAGMA user_version=${process.pid}; COMMIT`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The pid of whoever held a state directory last, for people: it may have ended since. */
export function lastHolder(stateDirectory: string): number | undefined {
  const path = join(stateDirectory, "lock");
  return existsSync(path) ? readPid(path) : undefined;
}

function readPid(path: string): number | undefined {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(pidOffset + 4);
    return readSync(file, head) === head.length ? head.readUInt32BE(pidOffset) : undefined;
  } finally {
    closeSync(file);
  }
}

function lockedBy(path: string, pid: number | undefined): StateError {
  const holder = pid === undefined ? "another process" : `the process ${pid}`;
  const next = "Stop it first (antibody stop), or choose another directory with --state.";
  return new StateError("stateLocked", `${holder} already runs an agent on ${dirname(path)}`, next);
}
