import { readFileSync, realpathSync } from "node:fs";
import {
  type ActionResult,
  type MountObservation,
  type MountPromise,
  type MountVerb,
  type Plan,
  readMountPromise,
} from "@antibody/core";
import { utf8 } from "@antibody/policy";
import { DeviceError } from "../deviceError.ts";
import type { Digest } from "../digest.ts";
import { runToolWell } from "../process/runTool.ts";
import { type ActionRun, done, type ResourceBody, type Subject } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";
import { lookAtPath } from "./entry.ts";

/** One line of `/proc/self/mountinfo` (proc(5)). */
interface Mounted {
  readonly source: string;
  readonly fsType: string;
  readonly options: readonly string[];
}

/** File systems in the agent's mount namespace. What is mounted is read, and never touched: a share may hang. */
export function mountBody(tree: Tree, digest: Digest): ResourceBody {
  return {
    slow: true,
    observe: ({ name, promise }): MountObservation => {
      const mounted = mountedAt(tree.real(name));
      if (mounted === undefined) return { type: "nothing" };
      const { source = "" } = readMountPromise(promise);
      return {
        type: "mounted",
        sourceDigest: digest(utf8(isSource(source, mounted.source) ? source : mounted.source)),
        fsType: mounted.fsType,
        options: [...mounted.options].sort(),
      };
    },
    act: (subject, plan, run) => actOnMount(tree, subject, plan, run),
  };
}

/** The last one at a path hides those before it. */
function mountedAt(path: string): Mounted | undefined {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").trimEnd().split("\n");
  for (const line of lines.reverse()) {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , , at = "", options = ""] = left.split(" ");
    const [fsType = "", source = ""] = right.split(" ");
    if (unescaped(at) === path) return { source: unescaped(source), fsType, options: options.split(",") };
  }
  return undefined;
}

/** Spaces and the like are written in octal there. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** A device may be named by a link, such as `/dev/disk/by-uuid/…`. */
function isSource(promised: string, mounted: string): boolean {
  if (promised === mounted || !promised.startsWith("/")) return promised === mounted;
  try {
    return realpathSync(promised) === mounted;
  } catch {
    return false;
  }
}

async function actOnMount(
  tree: Tree,
  { name, promise }: Subject,
  plan: Plan,
  run: ActionRun,
): Promise<ActionResult> {
  const promised = readMountPromise(promise);
  const at = tree.real(name);
  const tool = (...command: readonly string[]): Promise<string> =>
    runToolWell(command, plan.timeoutMs, run.signal);
  const verb = plan.verb as MountVerb;
  switch (verb) {
    case "mount":
      refuseOther(tree, name);
      run.progress(1, 1, "mounting");
      await tool(
        "mount",
        "-n",
        "-t",
        promised.fsType ?? "",
        ...optionsOf(promised),
        "--",
        promised.source ?? "",
        at,
      );
      return done(`mounted ${name}`);
    case "remount":
      run.progress(1, 1, "mounting again");
      await tool("mount", "-n", "-o", remountOptions(promised, mountedAt(at)?.options ?? []), "--", at);
      return done(`mounted ${name} again`);
    case "unmount":
      run.progress(1, 1, "unmounting");
      await tool("umount", "-n", "--", at);
      return done(`unmounted ${name}`);
    case "replace":
      throw new DeviceError("EBUSY", `another file system is mounted at ${name}; unmount it by hand`);
    default:
      verb satisfies never;
      throw new Error(`A mount cannot ${plan.verb}`);
  }
}

/** Nothing is mounted over what a symlink leads to, or over what is no directory. */
function refuseOther(tree: Tree, name: string): void {
  const stats = lookAtPath(tree, name)?.stats;
  if (stats === undefined) throw new DeviceError("ENOENT", `${name} does not exist; promise a directory`);
  if (!stats.isDirectory()) throw new DeviceError("ENOTDIR", `${name} is not a directory`);
}

function optionsOf({ options = [] }: MountPromise): readonly string[] {
  return options.length === 0 ? [] : ["-o", options.join(",")];
}

/** Options that say which access times are written; of mount(2), they replace each other. */
const accessWords: ReadonlySet<string> = new Set([
  "atime",
  "noatime",
  "relatime",
  "norelatime",
  "strictatime",
  "diratime",
  "nodiratime",
]);

/**
 * What a mount is told to become. Those about access times are said in full: mount(8) adds what is mounted, and of
 * `noatime` and `relatime` together the kernel takes the former (mount(2), remounting).
 */
function remountOptions({ options = [] }: MountPromise, seen: readonly string[]): string {
  const others = options.filter((option) => !accessWords.has(option));
  const access = options.length === others.length ? [] : accessOptions(options, seen);
  return ["remount", "bind", ...others, ...access].join(",");
}

function accessOptions(promised: readonly string[], seen: readonly string[]): readonly string[] {
  const isDirQuiet =
    promised.includes("nodiratime") || (seen.includes("nodiratime") && !promised.includes("diratime"));
  return [isDirQuiet ? "nodiratime" : "diratime", ...fileAccessOptions(promised, seen)];
}

function fileAccessOptions(promised: readonly string[], seen: readonly string[]): readonly string[] {
  if (promised.includes("noatime")) return ["noatime"];
  if (promised.includes("strictatime") || promised.includes("norelatime")) return ["atime", "strictatime"];
  // What the kernel makes of `atime` alone.
  if (promised.includes("relatime") || promised.includes("atime")) return ["atime", "relatime"];
  if (seen.includes("noatime")) return ["noatime"];
  return ["atime", seen.includes("relatime") ? "relatime" : "strictatime"];
}
