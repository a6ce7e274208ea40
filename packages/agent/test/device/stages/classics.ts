import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourcePromise } from "@antibody/policy";
import { readStat } from "../../../src/device/process/proc.ts";
import { type Rig, resource, until } from "../rig.ts";
import type { Draw } from "./drawing.ts";
import type { Stage } from "./stage.ts";

const isRoot = process.getuid?.() === 0;

/** What may stand at a path. Returns it. */
function breakPath(rig: Rig, draw: Draw, path: string): string {
  const at = rig.real(path);
  const before = draw.of("nothing", "file", "directory", "fullDirectory", "symlink");
  if (before === "file") writeFileSync(at, draw.of("", "right\n", "wrong\n"));
  if (before === "directory" || before === "fullDirectory") mkdirSync(at);
  if (before === "fullDirectory") writeFileSync(join(at, "precious"), "mine");
  if (before === "symlink") symlinkSync("/etc/passwd", at);
  if (before === "file" || before === "directory") {
    if (isRoot) chownSync(at, draw.below(3), draw.below(3));
    chmodSync(at, draw.below(0o1000));
  }
  return before;
}

const owned: ResourcePromise = isRoot ? { owner: "daemon:bin" } : {};

/** Files; what stands in the way may be anything. */
export const fileStage: Stage = {
  kind: "file",
  arrange: (rig, draw, turn) => {
    const path = `/file-${turn}`;
    const before = breakPath(rig, draw, path);
    return {
      id: resource(`file:${path}`),
      promise: draw.of<ResourcePromise>(
        { content: "right\n" },
        { content: "right\n", mode: "0640", ...owned },
        { mode: "0600" },
        { absent: true },
      ),
      ...(before === "fullDirectory" ? { mayFail: ["ENOTEMPTY"] } : {}),
    };
  },
};

/** Directories; a file in the way is left for a human. */
export const directoryStage: Stage = {
  kind: "directory",
  arrange: (rig, draw, turn) => {
    const path = `/directory-${turn}`;
    const before = breakPath(rig, draw, path);
    return {
      id: resource(`directory:${path}`),
      promise: draw.of<ResourcePromise>({}, { mode: "0750", ...owned }, { absent: true }),
      ...(before === "directory" || before === "nothing"
        ? {}
        : { mayFail: ["EEXIST", "ENOTEMPTY", "ENOTDIR"] }),
    };
  },
};

/** Supervised programs: gone, or started by another promise. */
export const processStage: Stage = {
  kind: "process",
  arrange: async (rig, draw, turn) => {
    const id = resource(`process:worker-${turn}`);
    const started: ResourcePromise = { command: ["sleep", "600"], stopTimeout: "2s" };
    const before = draw.of("nothing", "running", "other", "killed");
    if (before !== "nothing") {
      const other = before === "other" ? { ...started, env: { OTHER: "1" } } : started;
      const result = await rig.act(id, other, "start");
      const pid = /pid (\d+)/.exec(result.type === "done" ? (result.detail ?? "") : "")?.[1];
      if (before === "killed" && pid !== undefined) {
        process.kill(Number(pid), "SIGKILL");
        // Its parent, the agent, has to learn of it: before that it stands in the table of processes.
        await until("the agent knows", () => readStat(Number(pid)) === undefined);
      }
    }
    return { id, promise: started };
  },
};

/** What programs check: some mend it, some do not. */
export const commandStage: Stage = {
  kind: "command",
  arrange: (rig, draw, turn) => {
    const at = rig.real(`/command-${turn}`);
    writeFileSync(at, draw.of("right", "wrong", ""));
    const mends = draw.below(4) > 0;
    const isRight = readFileSync(at, "utf8") === "right";
    return {
      id: resource(`command:job-${turn}`),
      promise: {
        check: ["grep", "-qx", "right", at],
        apply: mends ? ["/bin/sh", "-c", 'echo right > "$0"', at] : ["/bin/false"],
        timeout: "5s",
      },
      ...(mends || isRight ? {} : { mayFail: ["EXIT1"] }),
    };
  },
};
