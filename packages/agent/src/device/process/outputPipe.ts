import { execFile } from "node:child_process";
import { constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { codeOf } from "../deviceError.ts";

/** How long mkfifo may take. A guess: it takes a millisecond. */
const makeTimeoutMs = 5_000;

function pathOf(directory: string, name: string): string {
  return join(directory, `${name}.output`);
}

/**
 * A named pipe for what a program writes. The program holds both of its ends: so it does not end of a broken pipe
 * when the agent is killed, waits at worst until the next agent reads on, and what is in it takes no room on a card.
 * Undefined where none can be made: its output then ends with the agent.
 */
export async function makeOutputPipe(directory: string, name: string): Promise<string | undefined> {
  const path = pathOf(directory, name);
  removeOutputPipe(directory, name);
  try {
    await promisify(execFile)("mkfifo", ["-m", "600", path], { timeout: makeTimeoutMs });
    return path;
  } catch {
    return undefined;
  }
}

/** It may be gone already; one that stays harms nobody, and goes before the next is made. */
export function removeOutputPipe(directory: string, name: string): void {
  try {
    rmSync(pathOf(directory, name), { force: true });
  } catch (error) {
    if (codeOf(error) === "ERROR") throw error;
  }
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

/** Reads a pipe to nowhere, so that who writes to it goes on, until the returned function is called. */
export function drain(directory: string, name: string): () => void {
  let handle: number;
  try {
    handle = openForReading(pathOf(directory, name));
  } catch {
    // It was run without.
    return () => {};
  }
  const reader = readerOf(handle);
  reader.resume();
  return () => reader.destroy();
}

function openForReading(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}
