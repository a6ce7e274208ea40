import { getAsset, isSea } from "node:sea";
import { Worker } from "node:worker_threads";
import type { StartThread } from "@antibody/sim";

/** The script of the single executable, which lies in it as an asset, too: a thread cannot be started from the file. */
const script = "parts.cjs";

/** Starts this same command in a thread, as `sim worker`. */
export const startThread: StartThread = (workerData, transferred) => {
  const options = { workerData, transferList: [...transferred], argv: ["sim", "worker"] };
  if (isSea()) return new Worker(getAsset(script, "utf8"), { ...options, eval: true });
  return new Worker(process.argv[1] as string, options);
};
