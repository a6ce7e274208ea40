import { chmodSync, chownSync, closeSync, constants, fstatSync, openSync, type Stats } from "node:fs";
import { codeOf, DeviceError } from "../deviceError.ts";
import type { Owners } from "../owners.ts";
import { handlePath } from "../ownHandles.ts";
import { lookAt, type Place, type Tree } from "../tree.ts";

const O_PATH = 0o10000000;

/** What file-like resource types share. */
export interface FileServices {
  readonly tree: Tree;
  readonly owners: Owners;
}

/** Permissions as four octal digits: few of the 4,096 are ever seen, and those again and again. */
const modeTexts = new Map<number, string>();

/** Permissions as four octal digits. */
export function modeText(stats: Stats): string {
  const mode = stats.mode & 0o7777;
  let text = modeTexts.get(mode);
  if (text === undefined) {
    text = mode.toString(8).padStart(4, "0");
    modeTexts.set(mode, text);
  }
  return text;
}

/** Reads four octal digits. */
export function modeBits(mode: string): number {
  return Number.parseInt(mode, 8);
}

/** What an entry is, by the words of the observations. */
export function kindOf(stats: Stats): string {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isSocket()) return "socket";
  if (stats.isFIFO()) return "fifo";
  return stats.isBlockDevice() ? "block" : "character";
}

/** Looks at a path. Undefined where nothing is, be it that the parent directory is missing too. */
export function lookAtPath(
  tree: Tree,
  path: string,
): { readonly place: Place; readonly stats: Stats } | undefined {
  try {
    const place = tree.look(path);
    const stats = lookAt(place.at);
    return stats === undefined ? undefined : { place, stats };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Sets mode and owner, where promised and different, of the entry itself: a symlink is refused. */
export function adjustEntry(
  place: Place,
  promise: { readonly mode?: string; readonly owner?: string },
  owners: Owners,
): void {
  const handle = openSync(place.at, O_PATH | constants.O_NOFOLLOW);
  try {
    const at = handlePath(handle);
    const stats = fstatSync(handle);
    if (stats.isSymbolicLink()) throw new DeviceError("ELOOP", `${place.path} is a symlink`);
    place.confirm();
    if (promise.owner !== undefined) {
      const { uid, gid = stats.gid } = owners.idsOf(promise.owner);
      if (uid !== stats.uid || gid !== stats.gid) chownSync(at, uid, gid);
    }
    // After the owner: chown clears the set-user-id bits.
    if (promise.mode !== undefined) chmodSync(at, modeBits(promise.mode));
  } finally {
    closeSync(handle);
  }
}
