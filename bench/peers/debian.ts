import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Run } from "../run.ts";

const runFile = promisify(execFile);

/** Unpacked packages stay for the next run; removing the directory removes them. */
const cache: string = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "antibody-bench");

/** How long an ended program may take before it is killed. */
const endTimeoutMs = 5_000;

/** Programs of Debian packages, unpacked into a directory of their own: nothing is installed, nothing started. */
export interface Unpacked {
  /** The version of the first package. */
  readonly version: string;
  /** The file of a program, by its path in the package. */
  program(path: string): string;
  /** What the programs need of the environment: where their libraries lie. */
  readonly env: NodeJS.ProcessEnv;
}

/** Downloads packages with apt and unpacks them. Throws what to do where apt cannot. */
export async function unpack(run: Run, name: string): Promise<Unpacked> {
  const version = await candidateOf(name);
  const place = join(cache, `${name}_${version.replaceAll(/[^\w.+-]/g, "_")}`);
  if (!existsSync(place)) await download(run, name, place);
  const libraries = ["usr/lib", "lib"].flatMap((lib) =>
    [join(place, lib), join(place, lib, "x86_64-linux-gnu"), join(place, lib, "aarch64-linux-gnu")].filter(
      (path) => existsSync(path),
    ),
  );
  return {
    version,
    program: (path) => join(place, path),
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(":") },
  };
}

async function candidateOf(name: string): Promise<string> {
  const { stdout } = await apt("apt-cache", ["policy", name]);
  const version = /Candidate: (\S+)/.exec(stdout)?.[1];
  if (version === undefined || version === "(none)") {
    throw new Error(
      `apt knows no package ${name}: --peers needs Debian and its package lists (apt-get update)`,
    );
  }
  return version;
}

/** The package and what it depends on that is not installed here. */
async function download(run: Run, name: string, place: string): Promise<void> {
  run.say(`unpacking Debian's ${name}`);
  const { stdout } = await apt("apt-get", ["--simulate", "--no-install-recommends", "install", name]);
  const packages = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, each]) => each ?? "");
  const wanted = packages.length > 0 ? packages : [name];
  const scratch = `${place}.new`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(join(scratch, "debs"), { recursive: true });
  await runFile("apt-get", ["--quiet", "download", ...wanted], {
    cwd: join(scratch, "debs"),
    signal: run.signal,
  });
  for (const deb of readdirSync(join(scratch, "debs"))) {
    await runFile("dpkg-deb", ["--extract", join(scratch, "debs", deb), scratch], { signal: run.signal });
  }
  renameSync(scratch, place);
}

async function apt(command: string, args: readonly string[]): Promise<{ readonly stdout: string }> {
  try {
    return await runFile(command, [...args], { env: { ...process.env, LC_ALL: "C" } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`--peers needs Debian's apt: ${reason}`, { cause: error });
  }
}

/** A program that runs in the foreground while `use` runs, and has ended afterwards, of this signal or a stronger. */
export async function whileRunning<Value>(
  run: Run,
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  use: () => Promise<Value>,
  endSignal: NodeJS.Signals = "SIGTERM",
): Promise<Value> {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-2_000);
  });
  const early = Promise.withResolvers<never>();
  const onExit = (): void => early.reject(new Error(`${file} ended too early: ${errors.trim()}`));
  child.once("exit", onExit);
  child.once("error", (error) => early.reject(error));
  const onAbort = (): void => early.reject(new Error("interrupted"));
  run.signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([use(), early.promise]);
  } finally {
    run.signal.removeEventListener("abort", onAbort);
    child.off("exit", onExit);
    await end(child, endSignal);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), endTimeoutMs);
  await exited;
  clearTimeout(timer);
}
