import { serveJobs } from "../src/sweeping/worker.ts";

/** A worker of a pool, from source. */
await serveJobs(process.stdin, process.stdout);
process.exit();
