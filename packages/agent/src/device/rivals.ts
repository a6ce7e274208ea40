import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import type { Rival } from "@antibody/core";
import { codeOf } from "./deviceError.ts";
import { listPids } from "./process/proc.ts";

/**
 * How often all processes are looked through, and how long between. Guesses: a writer at full speed has its file open
 * for a third of the time, so that ten looks meet it nearly always; and each costs some 10 ms of a processor.
 */
const looksMax = 10;
const lookEveryMs = 60;
/** Processes looked at before other work has its turn. A guess: a millisecond. */
const pidsInARow = 16;
/** open(2): what remains of the flags is how it is written. */
const accessMask = 0o3;

/**
 * Who keeps changing a file: the process that is met with the file open for writing, as far as `/proc` may be read.
 * Else whose the file is, and when it was changed. Undefined where nothing is there either, or nobody asks any more.
 */
export async function findRival(path: string, signal: AbortSignal): Promise<Rival | undefined> {
  for (let look = 0; look < looksMax && !signal.aborted; look += 1) {
    const pid = await writerOf(path);
    if (pid !== undefined) return { type: "process", pid, program: programOf(pid), uid: uidOf(pid) };
    await wait(lookEveryMs);
  }
  const stats = signal.aborted ? undefined : lstatSync(path, { throwIfNoEntry: false });
  return stats && { type: "unknown", uid: stats.uid, changedWallMs: Math.floor(stats.mtimeMs) };
}

async function writerOf(path: string): Promise<number | undefined> {
  for (const [index, pid] of listPids().entries()) {
    if (index % pidsInARow === pidsInARow - 1) await turn();
    if (pid !== process.pid && writes(pid, path)) return pid;
  }
  return undefined;
}

function writes(pid: number, path: string): boolean {
  return (
    attempt(() =>
      readdirSync(`/proc/${pid}/fd`).some(
        (handle) =>
          attempt(() => readlinkSync(`/proc/${pid}/fd/${handle}`)) === path &&
          (flagsOf(pid, handle) & accessMask) !== 0,
      ),
    ) ?? false
  );
}

function flagsOf(pid: number, handle: string): number {
  const info = attempt(() => readFileSync(`/proc/${pid}/fdinfo/${handle}`, "utf8")) ?? "";
  return Number.parseInt(/^flags:\s+([0-7]+)$/m.exec(info)?.[1] ?? "0", 8);
}

function programOf(pid: number): string {
  return attempt(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim()) ?? "";
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
