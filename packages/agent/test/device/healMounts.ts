/**
 * Breaks mounts and heals them, in a mount namespace of its own: `healMounts.ts ROOT STATE FROM TO`. Says one line of
 * JSON for each seed: the promise, what was there, and how each pass ended.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type ActionResult, type Input, resourceTypes } from "@antibody/core";
import { makeId, parseResourceId, type ResourcePromise } from "@antibody/policy";
import { keyedDigester } from "../../src/device/digest.ts";
import { Device } from "../../src/device/index.ts";

const [, , root = "", stateDirectory = "", from = "0", to = "0"] = process.argv;
const digestKey = new Uint8Array(32).fill(7);
const context = { digest: keyedDigester(digestKey) };
const type = resourceTypes.find(({ kind }) => kind === "mount");
if (type === undefined) throw new Error("no mounts");

let hear: (input: Input) => void = () => {};
const device = new Device({
  agent: makeId("agent", digestKey),
  root,
  stateDirectory,
  digestKey,
  openRoute: () => Promise.reject(new Error("no peers")),
  localPortOf: () => undefined,
  build: "0.1.0",
  wallMs: () => Date.now(),
  tell: () => {},
  feed: (input) => hear(input),
});

const befores = ["nothing", "noDirectory", "right", "writable", "another", "twice", "busy"] as const;
const promises: readonly ResourcePromise[] = [
  { source: "data", fsType: "tmpfs", options: ["ro", "nosuid", "size=64k"] },
  { source: "data", fsType: "tmpfs" },
  { absent: true },
];

for (let seed = Number(from); seed < Number(to); seed += 1) {
  const before = befores[seed % befores.length] ?? "nothing";
  const promise = promises[Math.floor(seed / befores.length) % promises.length] ?? {};
  const said = await heal(`/at-${seed}`, before, promise);
  process.stdout.write(`${JSON.stringify({ before, promise, said })}\n`);
}
await device.stop("stop");

async function heal(path: string, before: string, promise: ResourcePromise): Promise<readonly object[]> {
  const at = join(root, path);
  const said: object[] = [];
  const id = parseResourceId(`mount:${path}`)?.id;
  if (id === undefined || type === undefined) throw new Error("no such resource");
  if (before !== "noDirectory") mkdirSync(at);
  const mount = (source: string, options: string): void =>
    void execFileSync("mount", ["-n", "-t", "tmpfs", "-o", options, source, at], { timeout: 10_000 });
  if (before === "right") mount("data", "ro,nosuid");
  if (before === "writable" || before === "busy") mount("data", "rw");
  if (before === "another") mount("other", "rw");
  if (before === "twice") mount("other", "rw");
  if (before === "twice") mount("data", "rw");
  const holder = before === "busy" ? spawn("sleep", ["600"], { cwd: at, stdio: "ignore" }) : undefined;
  device.watch(id, promise, false);
  for (let pass = 0; pass < 4; pass += 1) {
    const seen = await next(() => device.observe(id), "observed");
    if (seen.type !== "observed") throw new Error(JSON.stringify(seen));
    const drift = type.diff(promise, seen.observation, context);
    said.push({ seen: seen.observation, drift: drift?.attributes ?? [] });
    const plan = drift && type.plan(promise, seen.observation, drift);
    if (plan === undefined) break;
    const ended = await next(() => device.act(`1-${pass}`, id, promise, plan), "outcome");
    const result: ActionResult | undefined = ended.type === "outcome" ? ended.result : undefined;
    said.push({ verb: plan.verb, result });
    if (result?.type !== "done") pass = Math.max(pass, 2);
  }
  device.unwatch(id);
  holder?.kill("SIGKILL");
  return said;
}

function next(ask: () => void, wanted: Input["type"]): Promise<Input> {
  const { promise, resolve } = Promise.withResolvers<Input>();
  hear = (input) => {
    if (input.type === wanted || input.type === "unobservable") resolve(input);
  };
  ask();
  return promise;
}
