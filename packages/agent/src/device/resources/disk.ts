import { statfs } from "node:fs/promises";
import { type DiskObservation, readDiskPromise } from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import { failed, type ResourceBody } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";

/** Time for an answer. A guess: a file system across a network may never answer. */
const answerMs = 5_000;

/** Room on file systems. */
export function diskBody(tree: Tree): ResourceBody {
  // One that hangs keeps a thread of Node, which has four: whoever asks meanwhile waits for the same answer.
  const asked = new Map<string, Promise<DiskObservation>>();
  const ask = (path: string): Promise<DiskObservation> => {
    const answer = asked.get(path) ?? look(tree.real(path)).finally(() => asked.delete(path));
    asked.set(path, answer);
    return answer;
  };
  return {
    slow: true,
    observe: ({ promise }) => {
      const { path } = readDiskPromise(promise);
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => reject(new DeviceError("ETIMEDOUT", `the file system of ${path} does not answer`)),
        answerMs,
      );
      return Promise.race([ask(path), late]).finally(() => clearTimeout(timer));
    },
    act: () => failed("ENOTSUP", "nothing on this device makes room"),
  };
}

async function look(path: string): Promise<DiskObservation> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  return {
    type: "space",
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeFiles: ffree,
    totalFiles: files,
  };
}
