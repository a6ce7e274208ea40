import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import type { InotifyFacts, ProcessFacts } from "./facts.ts";

/** Reads of /proc that fail mean: another user's, or just ended. */
function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** What /proc tells of a process; undefined when it has ended. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const directory = join("/proc", String(pid));
  const status = attempt(() => readFileSync(join(directory, "status"), "utf8"));
  const userId = /^Uid:\s+\d+\s+(\d+)/m.exec(status ?? "")?.[1];
  const capabilities = /^CapEff:\s+([0-9a-f]+)$/m.exec(status ?? "")?.[1];
  if (userId === undefined || capabilities === undefined) return undefined;
  const open = attempt(() => readdirSync(join(directory, "fd")).length);
  const limits = attempt(() => readFileSync(join(directory, "limits"), "utf8"));
  const max = /^Max open files\s+(\d+)/m.exec(limits ?? "")?.[1];
  return {
    pid,
    userId: Number(userId),
    capabilities: BigInt(`0x${capabilities}`),
    descriptors: open === undefined || max === undefined ? undefined : { open, max: Number(max) },
  };
}

/** Limits of inotify (inotify(7)) and what the processes of a user hold. */
export function inotifyFacts(userId: number): InotifyFacts {
  const limit = (name: string): number =>
    Number(attempt(() => readFileSync(join("/proc/sys/fs/inotify", name), "utf8")) ?? Number.NaN);
  let instances = 0;
  let watches = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const directory = join("/proc", pid);
    if (attempt(() => statSync(directory).uid) !== userId) continue;
    for (const descriptor of attempt(() => readdirSync(join(directory, "fd"))) ?? []) {
      if (attempt(() => readlinkSync(join(directory, "fd", descriptor))) !== "anon_inode:inotify") continue;
      instances += 1;
      const info = attempt(() => readFileSync(join(directory, "fdinfo", descriptor), "utf8"));
      watches += (info ?? "").match(/^inotify /gm)?.length ?? 0;
    }
  }
  const mayLook = process.getuid?.() === 0 || process.getuid?.() === userId;
  return {
    watchesMax: limit("max_user_watches"),
    instancesMax: limit("max_user_instances"),
    watchesHeld: mayLook ? watches : undefined,
    instancesHeld: mayLook ? instances : undefined,
  };
}

/** Whether a file system is mounted read-only (proc(5), mounts): the longest mount point above a path decides. */
export function isReadOnly(path: string): boolean {
  const mounts = (attempt(() => readFileSync("/proc/self/mounts", "utf8")) ?? "").split("\n");
  let found = { point: "", options: "" };
  for (const line of mounts) {
    const [, point = "", , options = ""] = line.split(" ");
    const above = point === "/" || path === point || path.startsWith(`${point}/`);
    if (point !== "" && above && point.length >= found.point.length) found = { point, options };
  }
  return found.options.split(",").includes("ro");
}

/** Whether systemd's own keeper of time has set the clock since boot; undefined where another one may keep it. */
export function isSynchronized(): boolean | undefined {
  if (existsSync("/run/systemd/timesync/synchronized")) return true;
  return existsSync("/run/systemd/timesync") ? false : undefined;
}
