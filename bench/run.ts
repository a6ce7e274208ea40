import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import { withDeadline } from "@antibody/agent";
import { Colony } from "../packages/cli/src/demo/colony.ts";
import type { Launcher } from "../packages/cli/src/demo/command.ts";
import { until } from "../packages/cli/src/demo/until.ts";
import { launcher as bundle, type TestColony } from "../test/harness/colonies.ts";

/** How one benchmark is run. */
export interface Run {
  /** How many agents, where it was said. */
  readonly agents: number | undefined;
  /** Threads of a simulated run, where it was said. */
  readonly workers: number | undefined;
  /** Names of the only sections to be measured, where a benchmark has several; undefined for all. */
  readonly only: readonly string[] | undefined;
  /** Whether other programs are to be measured beside. */
  readonly peers: boolean;
  /** Ends the benchmark: everything that it started ends with it. */
  readonly signal: AbortSignal;
  /** Tells a person how far it is, on standard error. */
  readonly say: (text: string) => void;
}

/** Bound on every wait for something that is sure to come: far above what it takes with 100 agents on 4 cores. */
const waitMaxMs = 180_000;

/** Waits for a condition; rejects with what was waited for when it takes too long, or the benchmark is ended. */
export function waitFor(
  run: Run,
  what: string,
  condition: () => Promise<boolean> | boolean,
  boundMs = waitMaxMs,
): Promise<void> {
  return withDeadline({ ms: boundMs, signals: [run.signal] }, (signal) => until(what, signal, condition));
}

/** The single executable where it was built, else the bundle on this Node; and what to call it. */
export function shipped(): {
  readonly launcher: Launcher;
  readonly called: string;
  readonly files: string[];
} {
  const binary = join(import.meta.dirname, "..", "dist", "antibody-linux-x64");
  if (process.arch === "x64" && existsSync(binary)) {
    const built = statSync(binary).mtime.toISOString();
    return {
      launcher: { file: binary, args: [] },
      called: `antibody-linux-x64 of ${built}`,
      files: [binary],
    };
  }
  const files = [process.execPath, ...bundle.args];
  return { launcher: bundle, called: `antibody.mjs on Node ${process.version}`, files };
}

/** Gives agents to a benchmark, and ends them whatever happens. Nothing of them is left. */
export async function withColony<Value>(
  run: Run,
  use: (test: TestColony) => Promise<Value>,
  launcherOf: (name: string, directory: string) => Launcher = () => bundle,
  listenOf: (name: string) => string = () => "/ip4/127.0.0.1/tcp/0",
): Promise<Value> {
  return withDirectory(async (directory) => {
    const colony = new Colony({
      directory,
      signal: run.signal,
      launcherOf: (name) => launcherOf(name, directory),
      listenOf,
    });
    const end = (): Promise<void> => colony.end();
    // Whoever waits for an agent is freed by its end; what started meanwhile ends below.
    const endEarly = (): void => void end().catch(() => undefined);
    run.signal.addEventListener("abort", endEarly, { once: true });
    try {
      return await use({ colony, signal: run.signal, end });
    } finally {
      run.signal.removeEventListener("abort", endEarly);
      await end();
    }
  });
}

/** A temporary directory that is gone afterwards. */
export async function withDirectory<Value>(use: (directory: string) => Promise<Value>): Promise<Value> {
  const directory = mkdtempSync(join(tmpdir(), "antibody-bench-"));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Names for so many agents. */
export function agentNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `agent-${String(index).padStart(3, "0")}`);
}

/** What has not come by then is looked for at intervals, so that minutes of waiting do not take a core. */
const spinMs = 1_000;
const slowLookMs = 5;

/** Looks as often as it can, yielding between looks. The time since the start; undefined beyond the bound. */
export async function spinUntil(
  run: Run,
  startedMs: number,
  boundMs: number,
  condition: () => boolean,
): Promise<number | undefined> {
  while (!condition()) {
    run.signal.throwIfAborted();
    const tookMs = performance.now() - startedMs;
    if (tookMs > boundMs) return undefined;
    await (tookMs < spinMs ? turn() : wait(slowLookMs));
  }
  return performance.now() - startedMs;
}
