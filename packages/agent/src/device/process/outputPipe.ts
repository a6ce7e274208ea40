import { execFile } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { codeOf } from "../deviceError.ts";

/** How long mkfifo may take. A guess: it takes a millisecond. */
const makeTimeoutMs = 5_000;

const ending = ".output";

/**
 * A named pipe for what a program writes. The program holds both of its ends: so it does not end of a broken pipe
 * when the agent is killed, waits at worst until the next agent reads on, and what is in it takes no room on a card.
 * Undefined where none can be made: its output then ends with the agent.
 */
export async function makeOutputPipe(directory: string, name: string): Promise<string | undefined> {
  const path = join(directory, `${name}${ending}`);
  try {
    await promisify(execFile)("mkfifo", ["-m", "600", path], { timeout: makeTimeoutMs });
    return path;
  } catch {
    return undefined;
  }
}

/** The pipes of a directory: those of programs that run, and of what programs left in the background. */
export function outputPipesIn(directory: string): readonly string[] {
  const files = readdirSync(directory).filter((file) => file.endsWith(ending));
  return files.map((file) => join(directory, file));
}

/** The two ends of a pipe: what the program gets, and what the agent reads of. Neither is inherited by itself. */
export function openOutputPipe(path: string): { readonly program: number; readonly agent: number } {
  const program = openSync(path, constants.O_RDWR);
  return { program, agent: openForReading(path) };
}

/** Reads what comes, from a handle of `openOutputPipe`. */
export function readerOf(handle: number): Socket {
  const reader = new Socket({ fd: handle, readable: true, writable: false });
  reader.on("error", () => reader.destroy());
  return reader;
}

/** Pipes that are read to nowhere at once, each by a file descriptor; who writes to another one waits. A guess. */
const readOnMax = 64;
/** Between two reads of such a pipe, of up to 64 KiB: a program that never stops writing then costs next to nothing. */
const readOnEveryMs = 50;

/** Reads pipes to nowhere, so that whoever still writes to them goes on. */
export class ReadingOn {
  readonly #readers = new Map<string, Socket>();

  /** Reads a pipe until nobody can write to it any more, and removes it then. Keeps no process from its end. */
  read(path: string): void {
    if (this.#readers.has(path) || this.#readers.size >= readOnMax) return;
    let handle: number;
    try {
      handle = openForReading(path);
    } catch {
      // It is gone, or no file descriptor is left.
      return;
    }
    if (!hasWriter(handle)) {
      closeSync(handle);
      removePipe(path);
      return;
    }
    const reader = readerOf(handle);
    this.#readers.set(path, reader);
    reader.on("data", () => {
      reader.pause();
      setTimeout(() => reader.resume(), readOnEveryMs).unref();
    });
    reader.once("end", () => removePipe(path));
    reader.once("close", () => this.#readers.delete(path));
    reader.unref();
  }
}

/** Bytes of one read, and reads after which a pipe has been read empty once: Linux lets it hold a MiB at most. */
const readBytes = 65_536;
const emptyingReadsMax = 17;

/** Asks by reading: a pipe whose last writer went before it was opened wakes nobody. */
function hasWriter(handle: number): boolean {
  const buffer = Buffer.allocUnsafe(readBytes);
  try {
    for (let reads = 0; reads < emptyingReadsMax; reads += 1)
      if (readSync(handle, buffer) === 0) return false;
    return true;
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return true;
    throw error;
  }
}

/** One that stays harms nobody, and is removed by the next life of the agent. */
function removePipe(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (codeOf(error) === "ERROR") throw error;
  }
}

function openForReading(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}
