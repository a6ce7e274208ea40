import { isMainThread } from "node:worker_threads";
import { exitCode } from "../../errors.ts";
import type { Verb } from "../../verb.ts";

/**
 * `antibody sim worker`: one process of a sweep. Ends with its input, and so with whoever started it. Started in a
 * thread, it simulates a part of that thread's run.
 */
export const simWorker: Verb<object> = {
  usage: "worker",
  summary:
    "Run what comes in on standard input, one job a line: a process of a sweep, which starts it itself",
  examples: ["antibody sim worker"],
  exits: [[0, "the input has ended"]],
  asksAgent: false,
  async run() {
    // Loaded here: the other commands start without the simulator.
    const { serveJobs, serveShare } = await import("@antibody/sim");
    if (!isMainThread) {
      serveShare();
      return exitCode.ok;
    }
    // Ctrl-C reaches all processes of a terminal: whoever started this one ends it.
    process.on("SIGINT", () => undefined);
    await serveJobs(process.stdin, process.stdout);
    return exitCode.ok;
  },
};
