import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  writeSync,
} from "node:fs";
import { codeOf, DeviceError } from "../deviceError.ts";
import { lookAt, type Place, type Tree } from "../tree.ts";
import { kindOf, lookAtPath } from "./entry.ts";
import { openReplacement, temporaryName, unlinkIfThere } from "./placing.ts";

/** Bytes of a file that lines are kept in. A guess: settings of people are far smaller. */
const textBytesMax = 1_048_576;

/** A file that is edited. */
export interface TextFile {
  /** Each byte as one character (Latin-1), so that what is not edited comes back as it was, whatever its encoding. */
  readonly text: string;
  readonly stats: Stats;
}

/** A text as it stands in a `TextFile`. */
export function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/**
 * Reads a file, following no symlink. Undefined where nothing is. Throws ELOOP for a symlink, EISDIR for a
 * directory, EINVAL for what is no file, and EFBIG for one that is too large to be edited.
 */
export function readTextFile(tree: Tree, path: string): TextFile | undefined {
  const found = lookAtPath(tree, path);
  if (found === undefined) return undefined;
  refuseOther(found.place, found.stats);
  const handle = openSync(found.place.at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(handle);
    refuseOther(found.place, stats);
    if (stats.size > textBytesMax)
      throw new DeviceError("EFBIG", `${path} has ${stats.size} bytes; at most ${textBytesMax} are edited`);
    tree.attributes.saw(path, stats);
    return { text: readFileSync(handle, "latin1"), stats };
  } finally {
    closeSync(handle);
  }
}

function refuseOther({ path }: Place, stats: Stats): void {
  if (stats.isFile()) return;
  const what = kindOf(stats);
  if (what === "symlink")
    throw new DeviceError("ELOOP", `${path} is a symlink; name the file that it stands for`);
  throw new DeviceError(what === "directory" ? "EISDIR" : "EINVAL", `${path} is a ${what}, and no file`);
}

/** What a file is made with; what is not said stays as it was. */
export interface FileAttributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Replaces a file by temporary file and rename. Throws ESTALE where it is no longer as it was `before`, and EPERM
 * where its owner cannot be kept: then all stays as it was.
 */
export function writeTextFile(
  tree: Tree,
  path: string,
  text: string,
  before: TextFile | undefined,
  attributes: FileAttributes = {},
): void {
  tree.enter(path, (place) => {
    const temporary = place.beside(temporaryName(path));
    try {
      prepare(openReplacement(tree, place, before?.stats), text, before?.stats, attributes);
      place.confirm();
      if (!isSame(lookAt(place.at), before?.stats))
        throw new DeviceError("ESTALE", `${path} was changed by another meanwhile`);
      renameSync(temporary, place.at);
    } catch (error) {
      unlinkIfThere(temporary);
      throw error;
    }
  });
}

/** Removes what an interrupted edit left behind. */
export function tidyTextFile(tree: Tree, path: string): void {
  tree.enter(path, (place) => unlinkIfThere(place.beside(temporaryName(path))));
}

function prepare(handle: number, text: string, before: Stats | undefined, attributes: FileAttributes): void {
  try {
    const bytes = Buffer.from(text, "latin1");
    for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
    const own = fstatSync(handle);
    const uid = attributes.uid ?? before?.uid ?? own.uid;
    const gid = attributes.gid ?? before?.gid ?? own.gid;
    if (uid !== own.uid || gid !== own.gid) giveOwner(handle, uid, gid);
    // After the owner: chown clears the set-user-id bits.
    fchmodSync(handle, attributes.mode ?? (before === undefined ? 0o644 : before.mode & 0o7777));
  } finally {
    closeSync(handle);
  }
}

function giveOwner(handle: number, uid: number, gid: number): void {
  try {
    fchownSync(handle, uid, gid);
  } catch (error) {
    if (codeOf(error) !== "EPERM") throw error;
    throw new DeviceError("EPERM", "this agent may not keep the file's owner; it runs without the privilege");
  }
}

function isSame(now: Stats | undefined, before: Stats | undefined): boolean {
  if (now === undefined || before === undefined) return now === before;
  return now.ino === before.ino && now.size === before.size && now.mtimeMs === before.mtimeMs;
}
