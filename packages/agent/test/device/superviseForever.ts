/**
 * Keeps one process as an agent would, in a process of its own that a test can kill:
 * `superviseForever.ts AGENT ROOT STATE PROMISE`. Says on stdout when it starts the process, and what it saw.
 */
import { writeSync } from "node:fs";
import type { Plan } from "@antibody/core";
import { parseId, parseResourceId, type ResourcePromise } from "@antibody/policy";
import { Device } from "../../src/device/index.ts";

const [, , agentText = "", root = "", stateDirectory = "", text = "{}"] = process.argv;
const promise: ResourcePromise = JSON.parse(text);
const id = parseResourceId("process:sensor")?.id;
const agent = parseId("agent", agentText);
if (id === undefined || agent === undefined) throw new Error("not an agent, or not a resource");
const plan: Plan = { verb: "start", idempotent: true, timeoutMs: 10_000, summary: "start" };
/** At once, since the process may be killed at the next instruction. */
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

const device: Device = new Device({
  agent,
  root,
  stateDirectory,
  digestKey: new Uint8Array(32).fill(7),
  openRoute: () => Promise.reject(new Error("no peers")),
  localPortOf: () => undefined,
  build: "0.1.0",
  wallMs: () => Date.now(),
  tell: () => {},
  feed: (input) => {
    if (input.type === "outcome") device.observe(id);
    if (input.type !== "observed") return;
    if (input.observation["type"] === "running") {
      say(`running ${input.observation["pid"]}`);
      return;
    }
    say("starting");
    queueMicrotask(() => device.act("1-1", id, promise, plan));
  },
});
device.watch(id, promise, true);
device.observe(id);
setInterval(() => {}, 1_000);
