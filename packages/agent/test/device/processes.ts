import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourcePromise } from "@antibody/policy";
import { onTestFinished } from "vitest";
import { agentOf } from "./rig.ts";

/** Whether a process runs; one that only waits for its parent does not. */
export function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** The pids that a file lists, one on each line. */
export function pidsIn(path: string): readonly number[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").split("\n").filter(Boolean).map(Number);
}

/** Kills what is left of a test's own processes. */
export function killLater(pids: () => readonly number[]): void {
  onTestFinished(() => {
    for (const pid of pids()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  });
}

/** Another agent's device in a process of its own. Lines come to `heard` as they are said. */
export function superviseElsewhere(
  place: { readonly root: string; readonly state: string },
  promise: ResourcePromise,
  heard: (line: string) => void,
): ChildProcess {
  const script = join(import.meta.dirname, "superviseForever.ts");
  const child = spawn(
    process.execPath,
    [script, agentOf(place), place.root, place.state, JSON.stringify(promise)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  child.stdout.on("data", (bytes: Buffer) => {
    for (const line of bytes.toString().split("\n")) if (line !== "") heard(line);
  });
  killLater(() => (child.pid === undefined ? [] : [child.pid]));
  return child;
}
