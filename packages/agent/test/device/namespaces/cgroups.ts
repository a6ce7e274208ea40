/**
 * Watches a process in a cgroup of its own, in a mount namespace where cgroup v2 is mounted at ROOT/sys/fs/cgroup:
 * `cgroups.ts ROOT STATE`. Says how it was told of the process's end: one line of JSON.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Input } from "@antibody/core";
import { makeId, parseResourceId } from "@antibody/policy";
import { Device } from "../../../src/device/index.ts";

const [, , root = "", stateDirectory = ""] = process.argv;
const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
const cgroup = `${own === "/" ? "" : own}/antibody-test-${process.pid}`;
const directory = join(root, "sys/fs/cgroup", cgroup);
mkdirSync(directory);
const child = spawn("sleep", ["600"], { stdio: "ignore" });
writeFileSync(join(directory, "cgroup.procs"), `${child.pid}`);

const id = parseResourceId("foreign:worker")?.id;
if (id === undefined) throw new Error("no such resource");
let hear: (input: Input) => void = () => {};
const device = new Device({
  agent: makeId("agent", new Uint8Array(32).fill(7)),
  root,
  stateDirectory,
  digestKey: new Uint8Array(32).fill(7),
  openRoute: () => Promise.reject(new Error("no peers")),
  localPortOf: () => undefined,
  build: "0.1.0",
  wallMs: () => Date.now(),
  tell: () => {},
  feed: (input) => hear(input),
});
const alive = setInterval(() => {}, 1_000);
device.watch(id, { cgroup, program: "sleep" }, true);
const before = await next(() => device.observe(id));
// Nobody asks again: what comes next was woken by an event.
const startMs = performance.now();
const after = await next(() => void child.kill("SIGKILL"));
process.stdout.write(`${JSON.stringify({ before, after, tookMs: performance.now() - startMs })}\n`);
clearInterval(alive);
await device.stop("stop");
if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
rmdirSync(directory);

function next(then: () => void): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  hear = (input) => resolve(input.type === "observed" ? input.observation["count"] : input);
  then();
  return promise;
}
