/**
 * Breaks mounts and heals them, in a mount namespace of its own: `mounts.ts ROOT STATE`. Says one line of JSON for each
 * broken state and promise.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ResourcePromise } from "@antibody/policy";
import { Alone, say } from "./alone.ts";

const [, , root = "", stateDirectory = ""] = process.argv;
const befores = ["nothing", "noDirectory", "right", "writable", "another", "twice", "busy"] as const;
const promises: readonly ResourcePromise[] = [
  { source: "data", fsType: "tmpfs", options: ["ro", "nosuid", "size=64k"] },
  { source: "data", fsType: "tmpfs" },
  { absent: true },
];

const alone = new Alone(root, stateDirectory);
for (const [at, before] of befores.entries())
  for (const [index, promise] of promises.entries()) await heal(`/at-${at}-${index}`, before, promise);
await alone.stop();

async function heal(path: string, before: (typeof befores)[number], promise: ResourcePromise): Promise<void> {
  const at = join(root, path);
  if (before !== "noDirectory") mkdirSync(at);
  const mount = (source: string, options: string): void =>
    void execFileSync("mount", ["-n", "-t", "tmpfs", "-o", options, source, at], { timeout: 10_000 });
  if (before === "right") mount("data", "ro,nosuid");
  if (before === "another" || before === "twice") mount("other", "rw");
  if (before === "writable" || before === "busy" || before === "twice") mount("data", "rw");
  const holder = before === "busy" ? spawn("sleep", ["600"], { cwd: at, stdio: "ignore" }) : undefined;
  say(before, promise, await alone.heal(`mount:${path}`, promise));
  holder?.kill("SIGKILL");
}
