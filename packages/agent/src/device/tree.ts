import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { Attributes } from "./attributes.ts";
import { codeOf, DeviceError } from "./deviceError.ts";
import { handlePath } from "./ownHandles.ts";
import { Standing } from "./standing.ts";

/** open(2) of Linux, missing in node:fs: a handle that only names what it stands for. */
const O_PATH = 0o10000000;
/** Parents held open during one turn of the event loop. A guess, far below the usual limit of 1,024 descriptors. */
const heldParentsMax = 64;

/** One path of the device, reached without following a symlink. */
export interface Place {
  /** Names the entry through the open parent, so that nothing on the way can be swapped any more. */
  readonly at: string;
  /** Names another entry of the same parent. */
  beside(name: string): string;
  /** The path without the root, for people. */
  readonly path: string;
  /** Throws ESTALE when the open parent is no longer at its path: to be asked after what takes a while. */
  confirm(): void;
}

/**
 * The device's files below a root that every path is prefixed with.
 *
 * Every access goes through a handle of the parent directory whose own path, as the kernel tells it, must be the
 * one asked for: a symlink anywhere on the way makes the two differ, and is refused with ELOOP. What is then
 * done through the handle (`/proc/PID/fd/N/name` stands for the missing openat) cannot be led elsewhere.
 */
export class Tree {
  readonly #root: string;
  /** By the directory's path on the device: a handle, and the path that names it. */
  readonly #held = new Map<string, Held>();
  readonly #standing = new Standing();
  /** What files have beside mode and owner. */
  readonly attributes: Attributes = new Attributes((path) => this.real(path));

  /** The root must exist; symlinks on the way to it are the caller's own choice. */
  constructor(root: string) {
    this.#root = realpathSync(root);
  }

  /** The path on this machine that a resource's path stands for. */
  real(path: string): string {
    return this.#root === "/" ? path : path === "/" ? this.#root : this.#root + path;
  }

  /** Reaches a path for looking: parents stay open until the turn ends, since many files share one. */
  look(path: string): Place {
    const { directory, name } = split(path);
    return placeAt(this.#heldParent(directory).handle, this.real(directory), name, path);
  }

  /** What names an entry for a look, as `look` does: for who opens it at once, within a row of looks. */
  at(path: string): string {
    const { directory, name } = split(path);
    const { at } = this.#heldParent(directory);
    return this.#standing.in(at) ? name : `${at}/${name}`;
  }

  /** A row of looks is over. To be called before anything else runs. */
  endLooks(): void {
    this.#standing.leave();
  }

  /** Reaches a path for changing it, through a fresh handle that is closed when `use` returns. */
  enter<Result>(path: string, use: (place: Place) => Result): Result {
    const { directory, name } = split(path);
    const parent = this.real(directory);
    const handle = openDirectory(this.#root, parent);
    try {
      return use(placeAt(handle, parent, name, path));
    } finally {
      closeSync(handle);
    }
  }

  /** Makes the parents of a path that are missing (mode 0755 less the umask), following no symlink. */
  makeParents(path: string): void {
    const parent = this.real(split(path).directory);
    let handle = openSync(this.#root, O_PATH | constants.O_DIRECTORY);
    try {
      for (const name of parent.slice(this.#root.length).split("/")) {
        if (name === "") continue;
        const next = openOrMake(handle, name);
        closeSync(handle);
        handle = next;
      }
    } catch (error) {
      throw explained(this.#root, parent, error);
    } finally {
      closeSync(handle);
    }
  }

  #heldParent(directory: string): Held {
    const known = this.#held.get(directory);
    if (known !== undefined) return known;
    if (this.#held.size >= heldParentsMax) this.#release();
    const handle = openDirectory(this.#root, this.real(directory));
    if (this.#held.size === 0) setImmediate(() => this.#release());
    const held = { handle, at: handlePath(handle) };
    this.#held.set(directory, held);
    return held;
  }

  #release(): void {
    // The next handle may have the number of one that closes now.
    this.#standing.leave();
    for (const { handle } of this.#held.values()) closeSync(handle);
    this.#held.clear();
  }
}

/** A directory that is held open. */
interface Held {
  readonly handle: number;
  readonly at: string;
}

/** Paths of resources are absolute, without a slash at their end: checked, and looked at again and again. */
function split(path: string): { readonly directory: string; readonly name: string } {
  if (!path.startsWith("/")) throw new DeviceError("EINVAL", `${path} is not an absolute path`);
  if (path === "/") return { directory: "/", name: "." };
  const end = path.lastIndexOf("/");
  return { directory: end === 0 ? "/" : path.slice(0, end), name: path.slice(end + 1) };
}

/** What stands at an entry, without following a symlink, or undefined. */
export function lookAt(at: string): Stats | undefined {
  return lstatSync(at, { throwIfNoEntry: false });
}

function placeAt(handle: number, parent: string, name: string, path: string): Place {
  const prefix = handlePath(handle);
  return {
    at: `${prefix}/${name}`,
    beside: (other) => `${prefix}/${other}`,
    path,
    confirm: () => {
      if (readlinkSync(prefix) !== parent)
        throw new DeviceError("ESTALE", `the parent directory of ${path} was moved or removed meanwhile`);
    },
  };
}

function openDirectory(root: string, path: string): number {
  let handle: number;
  try {
    handle = openSync(path, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    throw explained(root, path, error);
  }
  const real = readlinkSync(handlePath(handle));
  if (real === path) return handle;
  closeSync(handle);
  throw explained(root, path, new DeviceError("ESTALE", `${path} was moved or removed while it was opened`));
}

function openOrMake(parent: number, name: string): number {
  const at = `${handlePath(parent)}/${name}`;
  try {
    mkdirSync(at, 0o755);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  return openSync(at, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/** Walks to the component that is in the way, so that the error names it. Only on the way out. */
function explained(root: string, path: string, error: unknown): unknown {
  let walked = root;
  for (const name of path.slice(root.length).split("/")) {
    if (name === "") continue;
    walked = join(walked, name);
    const seen = lookAt(walked);
    if (seen === undefined) return new DeviceError("ENOENT", `${walked} does not exist`);
    if (seen.isSymbolicLink())
      return new DeviceError("ELOOP", `${walked} is a symlink; name the path that it stands for`);
    if (!seen.isDirectory()) return new DeviceError("ENOTDIR", `${walked} is not a directory`);
  }
  return error;
}
