import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { ServiceObservation } from "@antibody/core";
import { codeOf, DeviceError } from "../deviceError.ts";
import { runToolWell } from "../process/runTool.ts";
import { unlinkIfThere } from "../resources/placing.ts";
import type { Tree } from "../tree.ts";
import type { Manager } from "./manager.ts";

/** Directories of services that run, as distributions name them; the first that is there counts. */
const serviceDirectories = ["/etc/service", "/var/service", "/service"] as const;
/** Where services lie that may be linked there. */
const availableDirectory = "/etc/sv";
/** runsvdir looks for new services every five seconds (runsvdir(8)). */
const lookMs = 100;

/** The directory whose services run, or undefined without runit. */
export function runitDirectory(tree: Tree): string | undefined {
  return serviceDirectories.find((path) => isDirectory(tree.real(path)));
}

/**
 * runit. What runsv writes beside the service (`supervise/stat`) is read as it is: it costs no program, and its
 * changes wake. `sv` sets.
 */
export function runit(tree: Tree): Manager {
  return {
    look: (name) => look(tree, name),
    set: async (name, promise, timeoutMs, signal) => {
      const wanted = promise.state ?? "running";
      const isLinked = wanted === "running" || promise.enabled === true;
      const directory = linked(tree, name) ?? (isLinked ? link(tree, name, wanted === "stopped") : undefined);
      // What is not linked does not run, and does not start with the device.
      if (directory === undefined) return;
      if (promise.enabled === false) keepDown(directory);
      await supervised(directory, signal);
      if (promise.enabled === true) unlinkIfThere(join(directory, "down"));
      await sv(wanted === "running" ? "start" : "stop", directory, timeoutMs, signal);
    },
    restart: async (name, timeoutMs, signal) => {
      const directory = linked(tree, name);
      if (directory !== undefined) await sv("restart", directory, timeoutMs, signal);
    },
  };
}

async function sv(verb: string, directory: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const seconds = `${Math.max(1, Math.ceil(timeoutMs / 1_000))}`;
  await runToolWell(["sv", "-w", seconds, verb, directory], timeoutMs, signal);
}

function look(tree: Tree, name: string): ServiceObservation {
  const directory = linked(tree, name);
  if (directory === undefined) {
    return isDirectory(tree.real(`${availableDirectory}/${name}`))
      ? { type: "service", manager: "runit", state: "stopped", enabled: "no" }
      : { type: "missing", manager: "runit" };
  }
  const enabled = isThere(join(directory, "down")) ? "no" : "yes";
  return { type: "service", manager: "runit", state: stateOf(directory), enabled };
}

function stateOf(directory: string): "running" | "stopped" | "failed" {
  if (!isSupervised(directory)) return "stopped";
  const state = readFileSync(join(directory, "supervise/stat"), "latin1");
  if (state.startsWith("run")) return "running";
  return state.startsWith("finish") ? "failed" : "stopped";
}

/** Whether runsv reads the service's fifo: without it nothing that stands beside is of now. */
function isSupervised(directory: string): boolean {
  try {
    closeSync(openSync(join(directory, "supervise/ok"), constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if (codeOf(error) === "ENXIO" || codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function supervised(directory: string, signal: AbortSignal): Promise<void> {
  while (!isSupervised(directory)) await wait(lookMs, undefined, { signal });
}

/** The directory of a service that runsvdir knows, which may be a link to elsewhere below the root. */
function linked(tree: Tree, name: string): string | undefined {
  const base = runitDirectory(tree);
  if (base === undefined) return undefined;
  const entry = tree.real(`${base}/${name}`);
  if (!isDirectory(entry)) return undefined;
  const real = realpathSync(entry);
  const root = tree.real("/");
  if (root !== "/" && !real.startsWith(`${root}/`))
    throw new DeviceError("ELOOP", `${base}/${name} leads out of the device's root`);
  return real;
}

/** What runsv does not start by itself. */
function keepDown(directory: string): void {
  writeFileSync(join(directory, "down"), "", { flag: "a" });
}

/** Makes a service known to runsvdir, which starts it at once where it is not to be down. */
function link(tree: Tree, name: string, isDown: boolean): string | undefined {
  const base = runitDirectory(tree);
  const target = tree.real(`${availableDirectory}/${name}`);
  if (base === undefined || !isDirectory(target)) return undefined;
  if (isDown) keepDown(target);
  symlinkSync(target, tree.real(`${base}/${name}`));
  return linked(tree, name);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
