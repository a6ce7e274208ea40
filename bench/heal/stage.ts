import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withDirectory } from "../run.ts";
import { type KeptFile, type KeptProcess, textOf } from "./damage.ts";
import { contentOf } from "./promises.ts";

const fileCount = 1_000;
const processCount = 20;

/** What the others are to keep: the same files, and processes of the same kind. */
export interface Stage {
  readonly directory: string;
  readonly files: readonly KeptFile[];
  readonly processes: readonly KeptProcess[];
  /** Where the right contents of a file lie, for those who copy. */
  sourceOf(index: number): string;
  /** A script that becomes the process. It does not return. */
  workerOf(index: number): string;
  /** The only argument of a process after it has become `sleep`: tells it from the others. */
  argumentOf(index: number): string;
}

/** Sets a stage for one of them, and ends the processes that its supervisor leaves running. */
export function staged<Value>(use: (stage: Stage) => Promise<Value>): Promise<Value> {
  return withDirectory(async (directory) => {
    const stage = setStage(directory);
    try {
      return await use(stage);
    } finally {
      endWorkers(stage);
    }
  });
}

let stageCount = 0;

function setStage(directory: string): Stage {
  for (const name of ["etc", "src", "workers"]) mkdirSync(join(directory, name));
  const files = Array.from({ length: fileCount }, (_, index): KeptFile => {
    const content = contentOf(index);
    writeFileSync(join(directory, "src", `file-${index}`), content);
    writeFileSync(join(directory, "etc", `file-${index}`), content);
    return { path: join(directory, "etc", `file-${index}`), content };
  });
  // Of no other process: seconds in which nobody else sleeps.
  stageCount += 1;
  const base = 1_000_000_000 + (process.pid % 1_000_000) * 1_000 + stageCount * 100;
  const argumentOf = (index: number): string => String(base + index);
  const workerOf = (index: number): string => join(directory, "workers", `worker-${index}.sh`);
  const processes = Array.from({ length: processCount }, (_, index): KeptProcess => {
    const pidFile = join(directory, "workers", `worker-${index}.pid`);
    writeFileSync(workerOf(index), `#!/bin/sh\necho $$ > ${pidFile}\nexec sleep ${argumentOf(index)}\n`);
    chmodSync(workerOf(index), 0o755);
    return { pidFile };
  });
  const sourceOf = (index: number): string => join(directory, "src", `file-${index}`);
  return { directory, files, processes, sourceOf, workerOf, argumentOf };
}

/** Who supervised them is gone; a daemon leaves its children running. Found by what only they are called by. */
function endWorkers(stage: Stage): void {
  const wanted = new Set(stage.processes.map((_, index) => `sleep\0${stage.argumentOf(index)}\0`));
  for (const name of readdirSync("/proc")) {
    if (/^\d+$/.test(name) && wanted.has(textOf(`/proc/${name}/cmdline`))) end(Number(name));
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
