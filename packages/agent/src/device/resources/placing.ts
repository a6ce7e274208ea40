import { closeSync, constants, openSync, rmdirSync, type Stats, unlinkSync } from "node:fs";
import { utf8 } from "@antibody/policy";
import { codeOf, DeviceError } from "../deviceError.ts";
import type { Place, Tree } from "../tree.ts";

/** How the names of temporary files begin. */
export const temporaryPrefix = ".antibody-";

/** One name for each file, so that what a killed agent left behind is found again. */
export function temporaryName(path: string): string {
  let hash = 0xcbf29ce484222325n;
  // FNV-1a: spreads names, protects nothing.
  for (const byte of utf8(path)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `${temporaryPrefix}${hash.toString(16).padStart(16, "0")}`;
}

/**
 * The empty file, closed to others, that takes the place of another, with the attributes which that one has beside
 * mode and owner. Not for a symlink.
 */
export function openReplacement(tree: Tree, place: Place, replaced: Stats | undefined): number {
  const handle = openNew(place.beside(temporaryName(place.path)));
  try {
    if (replaced === undefined) tree.attributes.made(place.path, handle);
    else tree.attributes.copy(place.path, { at: place.at, stats: replaced }, handle);
    return handle;
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

/** A file that is nobody else's. What a killed agent left under the name goes first, and is seldom there. */
function openNew(at: string): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    return openSync(at, flags, 0o600);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    unlinkIfThere(at);
    return openSync(at, flags, 0o600);
  }
}

/** Only an empty one: what a directory holds was promised by nobody, and is not the agent's to delete. */
export function removeDirectory(place: Place): void {
  try {
    rmdirSync(place.at);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    if (codeOf(error) !== "ENOTEMPTY") throw error;
    throw new DeviceError("ENOTEMPTY", `${place.path} is a directory with entries; move it away by hand`);
  }
}

/** Unlinks what may be gone already. */
export function unlinkIfThere(at: string): void {
  try {
    unlinkSync(at);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
