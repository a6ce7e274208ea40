import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import type { Rival } from "@antibody/core";
import { codeOf } from "./deviceError.ts";
import { listPids } from "./process/proc.ts";

/** How often processes are looked through, and how long between. Guesses: it costs 10 to 20 ms of a processor each. */
const looksMax = 20;
const lookEveryMs = 60;
/** Processes looked at before other work has its turn. A guess: a millisecond. */
const pidsInARow = 16;
/**
 * Of the processes that write the most, so many are watched more closely: one that opens, writes and closes without
 * pause has the file open in three of a thousand looks only (measured).
 */
const busyMax = 4;
const busyLooksMax = 600;
/** Looks without a pause. On one processor nobody else runs meanwhile, and all of them see the same. A guess. */
const looksInARow = 50;
/** Writes between two looks that make a process busy. A guess. */
const busyWritesMin = 10;
/** proc_pid_fd(5): the permissions of the link tell how the file is open. */
const writableBit = 0o200;

/**
 * Who keeps changing a file: the process that is met with the file open for writing, as far as `/proc` may be read.
 * Else whose the file is, and when it was changed. Undefined where nothing is there either, or nobody asks any more.
 */
export async function findRival(path: string, signal: AbortSignal): Promise<Rival | undefined> {
  let before = await writesByPid();
  for (let look = 0; look < looksMax && !signal.aborted; look += 1) {
    await wait(lookEveryMs);
    const now = await writesByPid();
    const pid = (await busyWriterOf(path, before, now)) ?? (await holderOf(path, now));
    if (pid !== undefined) return { type: "process", pid, program: programOf(pid), uid: uidOf(pid) };
    before = now;
  }
  const stats = signal.aborted ? undefined : lstatSync(path, { throwIfNoEntry: false });
  return stats && { type: "unknown", uid: stats.uid, changedWallMs: Math.floor(stats.mtimeMs) };
}

/** How often each other process has written anything, as far as the agent may see. */
async function writesByPid(): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  for (const [index, pid] of listPids().entries()) {
    if (index % pidsInARow === pidsInARow - 1) await turn();
    const io = pid === process.pid ? undefined : attempt(() => readFileSync(`/proc/${pid}/io`, "utf8"));
    if (io !== undefined) counts.set(pid, Number(/^syscw: (\d+)$/m.exec(io)?.[1] ?? 0));
  }
  return counts;
}

/** Of the processes that write the most the one that opens the file. */
async function busyWriterOf(
  path: string,
  before: ReadonlyMap<number, number>,
  now: ReadonlyMap<number, number>,
): Promise<number | undefined> {
  const busy = Array.from(now, ([pid, count]) => ({ pid, writes: count - (before.get(pid) ?? count) }))
    .filter(({ writes }) => writes >= busyWritesMin)
    .sort((left, right) => right.writes - left.writes)
    .slice(0, busyMax);
  for (const { pid } of busy) {
    await turn();
    if (await opens(pid, path)) return pid;
  }
  return undefined;
}

/** Whether it is met with the file open, in many looks at the handles that it may open it by. */
async function opens(pid: number, path: string): Promise<boolean> {
  const open = attempt(() => readdirSync(`/proc/${pid}/fd`).map(Number)) ?? [];
  const handles = [lowestFree(open), ...open.slice(-1)];
  for (let looks = 0; looks < busyLooksMax; looks += looksInARow) {
    if (attempt(() => isMet(pid, path, handles)) === true) return true;
    await wait(1);
  }
  return false;
}

function isMet(pid: number, path: string, handles: readonly number[]): boolean {
  // It may be replaced meanwhile.
  const file = statSync(path, { throwIfNoEntry: false });
  for (let look = 0; look < looksInARow; look += 1) {
    for (const handle of handles) {
      const stats = statSync(`/proc/${pid}/fd/${handle}`, { throwIfNoEntry: false });
      if (stats !== undefined && stats.ino === file?.ino && stats.dev === file.dev) return true;
    }
  }
  return false;
}

/** Where a writer that is between two of its turns opens a file next. */
function lowestFree(open: readonly number[]): number {
  const taken = new Set(open);
  let handle = 0;
  while (taken.has(handle)) handle += 1;
  return handle;
}

/** A process that holds the file open for writing all the time. A reader is no rival. */
async function holderOf(path: string, pids: ReadonlyMap<number, number>): Promise<number | undefined> {
  for (const [index, pid] of [...pids.keys()].entries()) {
    if (index % pidsInARow === pidsInARow - 1) await turn();
    const holds = attempt(() =>
      readdirSync(`/proc/${pid}/fd`).some((handle) => isWritten(`/proc/${pid}/fd/${handle}`, path)),
    );
    if (holds === true) return pid;
  }
  return undefined;
}

function isWritten(handle: string, path: string): boolean {
  const leadsTo = attempt(() => readlinkSync(handle));
  return leadsTo === path && ((attempt(() => lstatSync(handle).mode) ?? 0) & writableBit) !== 0;
}

/** The name of its program; where that may not be seen, what it calls itself. */
function programOf(pid: number): string {
  const program = attempt(() => basename(readlinkSync(`/proc/${pid}/exe`)));
  return program ?? attempt(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim()) ?? "";
}

function uidOf(pid: number): number {
  return attempt(() => lstatSync(`/proc/${pid}`).uid) ?? -1;
}

/** Processes go, and are of others: what cannot be seen is not there. */
function attempt<Value>(see: () => Value): Value | undefined {
  try {
    return see();
  } catch (error) {
    if (codeOf(error) === "ERROR") throw error;
    return undefined;
  }
}
