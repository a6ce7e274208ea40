import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { runJob, type SeedJob, type SeedResult } from "./job.ts";

/** A line to a worker, and its answer. */
export interface WorkerRequest {
  readonly id: number;
  readonly job: SeedJob;
}
export interface WorkerAnswer {
  readonly id: number;
  readonly result: SeedResult;
}

/**
 * Runs one job after the other: each line that comes in is a request as JSON, each that goes out an answer. Resolves
 * when the input ends; a run that is under way then is left. The one who asks may be gone by then, whatever the way:
 * its end of the pipe is closed with it.
 */
export async function serveJobs(input: Readable, output: Writable): Promise<void> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let ended = Promise.resolve();
  await new Promise<void>((closed) => {
    lines.on("close", closed);
    lines.on("line", (line) => {
      const { id, job } = JSON.parse(line) as WorkerRequest;
      ended = ended.then(async () => {
        const answer: WorkerAnswer = { id, result: await runJob(job) };
        output.write(`${JSON.stringify(answer)}\n`);
      });
    });
  });
}
