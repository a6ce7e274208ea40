import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ResourcePromise } from "@antibody/policy";
import { onTestFinished } from "vitest";
import { whyWithout } from "../../../../cli/test/tools.ts";
import { type Rig, resource, until } from "../rig.ts";
import type { Stage } from "./stage.ts";

/** How often the test looks for new services. runsvdir itself does every five seconds, which is long for a test. */
const scanMs = 20;
/** How long a runsv may take to end its service, and itself. */
const patienceMs = 20_000;

/** Services of runit: runsv and sv are the real ones, runsvdir is the test. */
export const serviceStage: Stage = {
  kind: "service",
  reason: whyWithout("runsv", "sv"),
  arrange: async (rig, draw, turn) => {
    const scan = Scan.of(rig);
    const name = `worker-${turn}`;
    const directory = makeService(rig, name);
    const isDown = draw.below(2) === 0;
    if (isDown) writeFileSync(join(directory, "down"), "");
    if (draw.below(4) > 0) {
      symlinkSync(directory, rig.real(`/etc/service/${name}`));
      await until(`runsv of ${name}`, () => stateOf(directory) === (isDown ? "down" : "run"));
      const damage = draw.of("none", "stop", "start", "runsv");
      if (damage === "stop" || damage === "start") sv(directory, damage);
      if (damage === "runsv") {
        sv(directory, "stop");
        await scan.kill(name);
        // The next one begins as the first did: what is seen before that is not yet the broken state.
        await until(
          `the next runsv of ${name}`,
          () => scan.runs(name) && stateOf(directory) === (isDown ? "down" : "run"),
        );
      }
    }
    const promise: ResourcePromise = {
      ...draw.of<ResourcePromise>({}, { state: "running" }, { state: "stopped" }),
      ...draw.of<ResourcePromise>({}, { enabled: true }, { enabled: false }),
    };
    return { id: resource(`service:${name}`), promise };
  },
};

/** A service that runs until it is ended. */
function makeService(rig: Rig, name: string): string {
  const directory = rig.real(`/etc/sv/${name}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "run"), "#!/bin/sh\nexec sleep 600\n");
  chmodSync(join(directory, "run"), 0o755);
  return directory;
}

/** Asks runsv, as people do, and waits until it is so. */
function sv(directory: string, verb: string): void {
  spawnSync("sv", [verb, directory], { stdio: "ignore", timeout: 10_000 });
}

/** What runsv says: `run` or `down`; empty before it has said anything. */
function stateOf(directory: string): string {
  const path = join(directory, "supervise/stat");
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}

/** Starts a runsv for each service that is linked, as runsvdir does. */
class Scan {
  static readonly #of = new WeakMap<Rig, Scan>();
  readonly #running = new Map<string, ChildProcess>();

  /** The one of a rig; ends with the test. */
  static of(rig: Rig): Scan {
    const scan = Scan.#of.get(rig) ?? new Scan(rig);
    Scan.#of.set(rig, scan);
    return scan;
  }

  private constructor(rig: Rig) {
    const directory = rig.real("/etc/service");
    mkdirSync(directory, { recursive: true });
    const timer = setInterval(() => this.#look(directory), scanMs);
    onTestFinished(async () => {
      clearInterval(timer);
      await Promise.all([...this.#running.values()].map((child) => ended(child, "SIGTERM")));
    });
  }

  /** Whether a runsv was started for a service, and has not ended. */
  runs(name: string): boolean {
    return this.#running.has(name);
  }

  /** Kills the runsv of a service, and leaves its service to the next one. */
  async kill(name: string): Promise<void> {
    const child = this.#running.get(name);
    if (child !== undefined) await ended(child, "SIGKILL");
  }

  #look(directory: string): void {
    for (const name of readdirSync(directory)) {
      if (this.#running.has(name)) continue;
      const child = spawn("runsv", [name], { cwd: directory, stdio: "ignore" });
      this.#running.set(name, child);
      child.once("exit", () => this.#running.delete(name));
    }
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  // One that lost track of its service waits for ever, and is left by nobody but who kills it.
  const last = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  await exit;
  clearTimeout(last);
}
