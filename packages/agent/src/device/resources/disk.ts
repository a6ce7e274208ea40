import { statfs } from "node:fs/promises";
import type { DiskObservation } from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import { failed, type ResourceBody } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";

/** Time for an answer. A guess: a file system across a network may never answer. */
const answerMs = 5_000;

/** Room on file systems. */
export function diskBody(tree: Tree): ResourceBody {
  // One that hangs keeps a thread of Node, which has four: it is not asked twice.
  const asked = new Set<string>();
  return {
    slow: true,
    observe: async ({ name }) => {
      if (asked.has(name)) throw new DeviceError("ETIMEDOUT", `the file system of ${name} does not answer`);
      asked.add(name);
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => reject(new DeviceError("ETIMEDOUT", `the file system of ${name} does not answer`)),
        answerMs,
      );
      const answer = look(tree.real(name)).finally(() => asked.delete(name));
      return Promise.race([answer, late]).finally(() => clearTimeout(timer));
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
