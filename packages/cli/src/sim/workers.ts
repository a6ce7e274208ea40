import { availableParallelism } from "node:os";
import { WorkerPool } from "@antibody/sim";
import { ownLauncher } from "../demo/command.ts";
import type { Terminal } from "../terminal.ts";

/** A pool of this same command, as many processes as there are cores where no number is named. Ends on an interrupt. */
export function startWorkers(terminal: Terminal, size: number | undefined): WorkerPool {
  const { file, args } = ownLauncher();
  const pool = new WorkerPool({ file, args: [...args, "sim", "worker"] }, size ?? availableParallelism());
  terminal.interrupted.addEventListener("abort", () => pool.close(), { once: true });
  return pool;
}
