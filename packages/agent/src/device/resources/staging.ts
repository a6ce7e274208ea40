import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  type Stats,
  symlinkSync,
} from "node:fs";
import { DeviceError } from "../deviceError.ts";
import type { Staged, Subject } from "../resourceBody.ts";
import { lookAt, type Place } from "../tree.ts";
import { type FileServices, kindOf } from "./entry.ts";
import { removeDirectory, temporaryName, unlinkIfThere } from "./placing.ts";

/** The name under which an entry is kept while a barrier may have to bring it back. */
function keptName(path: string): string {
  return `${temporaryName(path)}-before`;
}

/** What an entry was before a barrier, and how it is brought back. */
interface Before {
  readonly stats: Stats | undefined;
  readonly target: string | undefined;
}

/**
 * Prepares a path for a barrier: what is there is remembered, a file by a second link to it, so that it comes back
 * with its content, its mode and its owner. `expected` is what the type switches; anything else in its place is
 * refused, because it could not be brought back.
 */
export function stagePath(
  { tree }: FileServices,
  { name }: Subject,
  expected: "file" | "directory" | "symlink",
  change: { readonly prepare?: (place: Place) => void; readonly apply: () => unknown },
): Staged {
  const before = tree.enter(name, (place): Before => {
    const stats = lookAt(place.at);
    if (stats !== undefined && kindOf(stats) !== expected) {
      const what = kindOf(stats);
      throw new DeviceError(
        "EINVAL",
        `a ${what} is in the place of ${name}: a barrier could not bring it back`,
      );
    }
    change.prepare?.(place);
    if (expected === "file" && stats !== undefined) {
      unlinkIfThere(place.beside(keptName(name)));
      linkSync(place.at, place.beside(keptName(name)));
    }
    return { stats, target: stats?.isSymbolicLink() === true ? readlinkSync(place.at) : undefined };
  });
  return {
    switch: async () => void (await change.apply()),
    undo: () => tree.enter(name, (place) => bringBack(place, before, expected)),
    finish: () =>
      tree.enter(name, (place) => {
        unlinkIfThere(place.beside(temporaryName(name)));
        unlinkIfThere(place.beside(keptName(name)));
      }),
  };
}

function bringBack(place: Place, { stats, target }: Before, expected: string): void {
  const now = lookAt(place.at);
  if (stats === undefined) {
    if (now?.isDirectory() === true) removeDirectory(place);
    else unlinkIfThere(place.at);
    return;
  }
  if (target !== undefined) {
    unlinkIfThere(place.at);
    symlinkSync(target, place.at);
    return;
  }
  if (expected === "file") renameSync(place.beside(keptName(place.path)), place.at);
  else if (now === undefined) mkdirSync(place.at, 0o700);
  // The owner first: chown clears the set-user-id bits. A file that was adjusted is the one that was kept.
  const back = lookAt(place.at);
  if (back?.uid !== stats.uid || back.gid !== stats.gid) chownSync(place.at, stats.uid, stats.gid);
  chmodSync(place.at, stats.mode & 0o7777);
}
