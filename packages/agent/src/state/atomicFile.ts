import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, StateError } from "./stateError.ts";

/**
 * Writes a file so that after a power cut there is either the old one or the new one, whole: temporary file,
 * sync, rename, sync of the directory. Throws a StateError (`stateUnwritable`).
 */
export function writeFileAtomic(path: string, content: Uint8Array | string, mode: number): void {
  const temporary = `${path}.new`;
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  try {
    // A leftover of an interrupted write would keep its own mode.
    rmSync(temporary, { force: true });
    const file = openSync(temporary, "wx", mode);
    try {
      let offset = 0;
      while (offset < bytes.length) offset += writeSync(file, bytes, offset);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    removeQuietly(temporary);
    const next = "Check the free space and the permissions of the directory.";
    throw new StateError("stateUnwritable", `cannot write ${path}: ${messageOf(error)}`, next, error);
  }
}

/** A part of a file is nobody's use. Where not even that can be removed, the next write does it. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The error that led here is the one to tell.
  }
}

/** Makes renames and new names in a directory survive a power cut. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
