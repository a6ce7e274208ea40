import { constants, openSync, rmdirSync, unlinkSync } from "node:fs";
import { utf8 } from "@antibody/policy";
import { codeOf, DeviceError } from "../deviceError.ts";
import type { Place } from "../tree.ts";

/** How the names of temporary files begin. */
export const temporaryPrefix = ".antibody-";

/** One name for each file, so that what a killed agent left behind is found again. */
export function temporaryName(path: string): string {
  let hash = 0xcbf29ce484222325n;
  // FNV-1a: spreads names, protects nothing.
  for (const byte of utf8(path)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `${temporaryPrefix}${hash.toString(16).padStart(16, "0")}`;
}

/** A file that is nobody else's. What a killed agent left under the name goes first, and is seldom there. */
export function openNew(at: string): number {
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
