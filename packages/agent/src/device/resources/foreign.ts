import { readFileSync, readlinkSync, statSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import {
  type ActionResult,
  durationMs,
  type ForeignObservation,
  type ForeignPromise,
  type ForeignVerb,
  foreignPidsMax,
  foreignStopTimeoutMsDefault,
  type Plan,
  readForeignPromise,
} from "@antibody/core";
import { codeOf, DeviceError } from "../deviceError.ts";
import { listPids, type ProcessStat, readStat, runs } from "../process/proc.ts";
import { type ActionRun, done, type ResourceBody } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";

/** How often it is looked whether those that were told to end have. */
const endingMs = 20;

/** Processes that others started. */
export function foreignBody(tree: Tree): ResourceBody {
  return {
    slow: false,
    // With cgroup v2 the kernel tells when the last one of a cgroup has ended, and when the first one comes.
    watchedPath: ({ promise }) => eventsOf(readForeignPromise(promise)),
    observe: ({ promise }) => {
      const promised = readForeignPromise(promise);
      const events = eventsOf(promised);
      // The kernel tells only of files that somebody has looked at.
      if (events !== undefined) statSync(tree.real(events), { throwIfNoEntry: false });
      return describe(find(promised));
    },
    act: ({ promise }, plan, run) => end(readForeignPromise(promise), plan, run),
  };
}

function eventsOf({ cgroup }: ForeignPromise): string | undefined {
  return cgroup === undefined ? undefined : `/sys/fs/cgroup${cgroup}/cgroup.events`;
}

function describe(found: readonly ProcessStat[]): ForeignObservation {
  const oldest = found.toSorted((left, right) => left.startTicks - right.startTicks || left.pid - right.pid);
  const pids = oldest.slice(0, foreignPidsMax).map(({ pid }) => pid);
  return { type: "processes", count: found.length, pids: pids.sort((left, right) => left - right) };
}

/** Those that run and are meant; never the agent itself. */
function find(promise: ForeignPromise): readonly ProcessStat[] {
  return listPids().flatMap((pid) => {
    if (pid === process.pid || !isMeant(pid, promise)) return [];
    const stat = readStat(pid);
    return stat === undefined || stat.state === "Z" || stat.state === "X" ? [] : [stat];
  });
}

function isMeant(pid: number, { program, cgroup }: ForeignPromise): boolean {
  if (program !== undefined) {
    const isProgram = program.startsWith("/")
      ? textOf(() => readlinkSync(`/proc/${pid}/exe`)) === program
      : textOf(() => readFileSync(`/proc/${pid}/comm`, "utf8"))?.trimEnd() === program;
    if (!isProgram) return false;
  }
  if (cgroup === undefined) return true;
  const cgroups = textOf(() => readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? "";
  return cgroups.split("\n").some((line) => isWithin(line.split(":").slice(2).join(":"), cgroup));
}

function isWithin(path: string, cgroup: string): boolean {
  return path === cgroup || path.startsWith(`${cgroup}/`);
}

/** Processes end while they are read, and some are not ours to read. */
function textOf(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

async function end(promise: ForeignPromise, plan: Plan, run: ActionRun): Promise<ActionResult> {
  const verb = plan.verb as ForeignVerb;
  if (verb !== "end") throw new Error(`Foreign processes cannot ${plan.verb}`);
  const stopMs =
    promise.stopTimeout === undefined ? foreignStopTimeoutMsDefault : durationMs(promise.stopTimeout);
  const found = find(promise);
  run.progress(1, 2, `telling ${found.length} to end`);
  for (const each of found) signal(each, "SIGTERM");
  const left = await ended(found, stopMs, run.signal);
  if (left.length > 0) {
    run.progress(2, 2, `killing ${left.length}`);
    for (const each of left) signal(each, "SIGKILL");
    const stubborn = await ended(left, stopMs, run.signal);
    if (stubborn.length > 0)
      throw new DeviceError("ETIMEDOUT", `${stubborn.length} processes do not end, even of SIGKILL`);
  }
  return done(`ended ${found.length}`);
}

/** Only the process that was found: its pid may have been given to another since. */
function signal({ pid, startTicks }: ProcessStat, name: NodeJS.Signals): void {
  if (!runs(pid, startTicks)) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return;
    if (codeOf(error) === "EPERM") throw new DeviceError("EPERM", `process ${pid} is another user's to end`);
    throw error;
  }
}

/** Those that still run after the time. */
async function ended(
  processes: readonly ProcessStat[],
  withinMs: number,
  signal: AbortSignal,
): Promise<readonly ProcessStat[]> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const left = processes.filter(({ pid, startTicks }) => runs(pid, startTicks));
    if (left.length === 0 || performance.now() >= endMs) return left;
    await wait(endingMs, undefined, { signal });
  }
}
