import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { constants } from "node:os";
import { Readable } from "node:stream";
import { outputCharactersMax } from "@antibody/core";
import { childEnvironment, signalGroup } from "./group.ts";
import { startError } from "./launch.ts";
import { openOutputPipe, readerOf } from "./outputPipe.ts";
import { withoutCapabilities } from "./privileges.ts";

/** From SIGTERM to SIGKILL for a command that is canceled or takes too long. A guess: time to remove a lock file. */
export const killAfterMs = 500;
/** How long to read on after the end of a command: what it left in the background may hold its output open. A guess. */
const drainMs = 100;
/** Bytes kept of the output: four for each character, as UTF-8 has at most. */
const outputBytesMax = outputCharactersMax * 4;

/** How a command ended. `output` is the end of what it wrote on both streams. */
export type Ended =
  /** By itself; 128 and the signal's number when a signal ended it, as shells say. */
  | { readonly type: "ended"; readonly code: number; readonly output: string }
  | { readonly type: "timedOut"; readonly output: string }
  | { readonly type: "canceled"; readonly output: string };

/** What else a run may need. */
export interface RunOptions {
  /** Added to the environment. */
  readonly env?: { readonly [name: string]: string };
  /** Takes what is written to stdout, which is then no part of `output`: of a tool that the agent runs for itself. */
  readonly stdout?: (bytes: Buffer) => void;
  /** A named pipe that takes the output, so that the command outlives the agent; see `makeOutputPipe`. */
  readonly outputPipe?: string;
  /** Hears the pid as soon as there is one. */
  readonly started?: (pid: number) => void;
}

/**
 * Runs a command in a process group of its own, without a shell and without input. After the time, or an abort,
 * the whole group is ended. Throws with the cause when it cannot be started.
 */
export async function runCommand(
  command: readonly string[],
  cwd: string,
  timeoutMs: number,
  signal: AbortSignal,
  options: RunOptions = {},
): Promise<Ended> {
  if (signal.aborted) return { type: "canceled", output: "" };
  const { env, stdout } = options;
  const [program = "", ...programArguments] = stdout === undefined ? withoutCapabilities(command) : command;
  const { child, streams } = spawnReading(program, programArguments, options.outputPipe, {
    cwd,
    env: { ...childEnvironment(), ...env },
  });
  if (child.pid === undefined) {
    for (const stream of streams) stream.destroy();
    throw startError((await once(child, "error"))[0], program, cwd);
  }
  options.started?.(child.pid);
  if (stdout !== undefined) child.stdout?.on("data", stdout);
  const output = new Tail(streams.filter((stream) => stdout === undefined || stream !== child.stdout));
  const exit = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const why = await Promise.race([exit.then(() => "ended" as const), interrupted(timeoutMs, signal, exit)]);
  if (why !== "ended") await endGroup(child.pid, exit);
  const [code, endSignal] = await exit;
  await drained(streams);
  return why === "ended"
    ? { type: "ended", code: code ?? signalCode(endSignal), output: output.text() }
    : { type: why, output: output.text() };
}

/** Resolves when the command has to be ended; never after it has ended by itself. */
function interrupted(
  timeoutMs: number,
  signal: AbortSignal,
  exit: Promise<unknown>,
): Promise<"timedOut" | "canceled"> {
  const { promise, resolve } = Promise.withResolvers<"timedOut" | "canceled">();
  const timer = setTimeout(() => resolve("timedOut"), Math.min(timeoutMs, timerMsMax));
  const canceled = (): void => resolve("canceled");
  signal.addEventListener("abort", canceled, { once: true });
  void exit.then(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", canceled);
  });
  return promise;
}

/** The longest time of a timer of Node: 24 days. */
const timerMsMax = 2_147_483_647;

/** SIGTERM, then SIGKILL for whoever is left in the group, be the command itself gone or not. */
async function endGroup(group: number, exit: Promise<unknown>): Promise<void> {
  signalGroup(group, "SIGTERM");
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, killAfterMs);
  await Promise.race([exit, promise]);
  clearTimeout(timer);
  signalGroup(group, "SIGKILL");
}

/** A child, and the streams that bring what it writes. */
function spawnReading(
  program: string,
  programArguments: readonly string[],
  outputPipe: string | undefined,
  options: { readonly cwd: string; readonly env: { readonly [name: string]: string } },
): { readonly child: ChildProcess; readonly streams: readonly Readable[] } {
  const start = (stdio: StdioOptions): ChildProcess =>
    spawn(program, programArguments, { ...options, detached: true, stdio });
  if (outputPipe === undefined) {
    const child = start(["ignore", "pipe", "pipe"]);
    // Where no file descriptor is left there are none.
    return { child, streams: [child.stdout, child.stderr].filter((stream) => stream instanceof Readable) };
  }
  const ends = openOutputPipe(outputPipe);
  try {
    return { child: start(["ignore", ends.program, ends.program]), streams: [readerOf(ends.agent)] };
  } finally {
    closeSync(ends.program);
  }
}

async function drained(streams: readonly Readable[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, drainMs);
  await Promise.race([promise, Promise.all(streams.map(closed))]);
  clearTimeout(timer);
  for (const stream of streams) stream.destroy();
}

function closed(stream: Readable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (stream.closed) resolve();
  else stream.once("close", () => resolve());
  return promise;
}

function signalCode(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : (signalNumbers[signal] ?? 0));
}

const signalNumbers: { readonly [signal: string]: number } = constants.signals;

/** The end of what streams bring, in bounded memory. */
class Tail {
  #bytes: Buffer = Buffer.alloc(0);

  constructor(streams: readonly Readable[]) {
    for (const stream of streams) stream.on("data", (bytes: Buffer) => this.#add(bytes));
  }

  #add(bytes: Buffer): void {
    const all = Buffer.concat([this.#bytes, bytes]);
    this.#bytes = all.subarray(Math.max(0, all.length - outputBytesMax));
  }

  text(): string {
    return this.#bytes.toString("utf8").slice(-outputCharactersMax).toWellFormed();
  }
}
