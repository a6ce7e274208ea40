import { statSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import type { ResourceId } from "@antibody/policy";
import { codeOf } from "./deviceError.ts";
import { EntryWatches } from "./entryWatches.ts";
import { EventMeter } from "./eventMeter.ts";
import type { EventQueue } from "./eventQueue.ts";
import { temporaryPrefix } from "./resources/placing.ts";

/** How long a directory that stormed is watched entry by entry, and how long one that is not there yet by nobody. Guesses. */
const stormMs = 60_000;
const missingStormMs = 1_000;
/** Events of one entry in a row that are taken for one change. A guess: a file is written in a few pieces. */
const repeatsMax = 8;
/** Tries before a directory that changes under every look is left to the sweep. A guess. */
const triesMax = 5;

/** Opens a watch; undefined while none may be had. Throws ENOENT and ENOTDIR. */
export type OpenWatch = (
  directory: string,
  changed: (name: string | null) => void,
  broken: (error: unknown) => void,
) => { close(): void } | undefined;

interface Watch {
  /** The directory, or its nearest ancestor while it is missing. */
  readonly at: string;
  /** Device and inode: a directory that is made anew is another one, and the watch stays with the old. */
  readonly identity: string;
  readonly watcher: { close(): void };
}

/**
 * The watch for one directory: on it, or on its nearest ancestor while it is missing. While its events come too fast,
 * its entries are watched one by one instead.
 */
export class WatchPoint {
  readonly #directory: string;
  readonly #wake: (resource: ResourceId) => void;
  readonly #open: OpenWatch;
  readonly #queue: EventQueue;
  readonly #resources = new Map<string, Set<ResourceId>>();
  #watch: Watch | undefined;
  readonly #meter = new EventMeter();
  #lastName: string | null = null;
  #repeats = 0;
  /** In a storm: its end, and the watches of single entries where the directory is there. */
  #storm: { readonly ends: NodeJS.Timeout; readonly entries: EntryWatches | undefined } | undefined;
  #checked = false;
  #closed = false;

  constructor(directory: string, wake: (resource: ResourceId) => void, open: OpenWatch, queue: EventQueue) {
    this.#directory = directory;
    this.#wake = wake;
    this.#open = open;
    this.#queue = queue;
    this.#attach();
  }

  add(resource: ResourceId, name: string): void {
    const there = this.#resources.get(name);
    if (there === undefined) this.#resources.set(name, new Set([resource]));
    else there.add(resource);
    this.#storm?.entries?.check(name);
  }

  /** True when no resource is left. */
  remove(resource: ResourceId, name: string): boolean {
    const there = this.#resources.get(name);
    there?.delete(resource);
    if (there?.size === 0) {
      this.#resources.delete(name);
      this.#storm?.entries?.remove(name);
    }
    return this.#resources.size === 0;
  }

  /**
   * Attaches again where the path leads elsewhere than to what is watched, and has all that is there looked at: nobody
   * told of it. Once a turn: many resources ask.
   */
  check(name: string): void {
    if (this.#storm !== undefined) {
      this.#storm.entries?.check(name);
      return;
    }
    if (this.#checked) return;
    this.#checked = true;
    setImmediate(() => {
      this.#checked = false;
    });
    if (this.#stands()) return;
    this.#attach();
    if (this.#watch !== undefined) this.#wakeAll();
  }

  close(): void {
    this.#closed = true;
    this.#endStorm();
    this.#detach();
  }

  #stands(): boolean {
    const watched = this.#watch;
    if (watched === undefined || identityOf(watched.at) !== watched.identity) return false;
    return watched.at === this.#directory || identityOf(this.#below(watched.at)) === undefined;
  }

  #detach(): void {
    this.#watch?.watcher.close();
    this.#watch = undefined;
  }

  #attach(): void {
    this.#detach();
    for (let tries = 0; tries < triesMax && !this.#closed; tries += 1) {
      const at = nearestDirectory(this.#directory);
      const identity = identityOf(at);
      if (identity === undefined) continue;
      try {
        const watcher = this.#open(
          at,
          (name) => this.#changed(at, name),
          () => this.#detach(),
        );
        if (watcher === undefined) return;
        this.#watch = { at, identity, watcher };
      } catch (error) {
        if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") continue;
        throw error;
      }
      // What happened between looking and watching made no event.
      if (this.#stands()) return;
      this.#detach();
    }
  }

  #changed(at: string, name: string | null): void {
    if (this.#closed || this.#watch?.at !== at) return;
    const floods = this.#queue.count();
    if (floods || (this.#isIdle(at, name) && this.#meter.storms(this.#queue.turn))) {
      this.#beginStorm(at);
      return;
    }
    if (at === this.#directory) {
      this.#wakeEntry(name ?? "");
      // Events of the directory itself carry its own name, as one of an entry of that name would.
      if (name !== null && name !== basename(at)) return;
    } else if (name !== null && name !== basename(at) && name !== basename(this.#below(at))) {
      return;
    }
    const standing = this.#stands();
    if (name !== null && standing) return;
    if (!standing) this.#attach();
    this.#wakeAll();
  }

  /**
   * Whether an event says nothing new: of an entry that nobody cares for, or one of many in a row of the same. A
   * thousand files that are broken, and the agent's own repairs of them, are no storm.
   */
  #isIdle(at: string, name: string | null): boolean {
    this.#repeats = name === this.#lastName ? this.#repeats + 1 : 0;
    this.#lastName = name;
    if (at === this.#directory && this.#resources.has(name ?? "")) return this.#repeats >= repeatsMax;
    return name?.startsWith(temporaryPrefix) !== true;
  }

  #wakeAll(): void {
    for (const name of this.#resources.keys()) this.#wakeEntry(name);
  }

  #wakeEntry(name: string): void {
    for (const resource of this.#resources.get(name) ?? []) this.#wake(resource);
  }

  /** Somebody writes faster than events can be read: only what is promised here is watched for a while. */
  #beginStorm(at: string): void {
    this.#detach();
    this.#queue.closedInStorm();
    const isHere = at === this.#directory;
    const ends = setTimeout(() => this.#endStorm(), isHere ? stormMs : missingStormMs).unref();
    const entries = isHere
      ? new EntryWatches(
          at,
          (path, changed, broken) => this.#open(path, changed, broken),
          (name) => this.#wakeEntry(name),
          this.#queue,
        )
      : undefined;
    this.#storm = { ends, entries };
    for (const name of this.#resources.keys()) entries?.check(name);
    // What happened before these watches stood is not told.
    this.#wakeAll();
  }

  #endStorm(): void {
    if (this.#storm === undefined) return;
    clearTimeout(this.#storm.ends);
    this.#storm.entries?.close();
    this.#storm = undefined;
    if (this.#closed) return;
    this.#attach();
    this.#wakeAll();
  }

  /** The next directory on the way from an ancestor. */
  #below(ancestor: string): string {
    const [next = ""] = relative(ancestor, this.#directory).split("/");
    return ancestor === "/" ? `/${next}` : `${ancestor}/${next}`;
  }
}

/** The directory, or the nearest one above it that is there. */
function nearestDirectory(directory: string): string {
  let at = directory;
  while (at !== "/" && identityOf(at) === undefined) at = dirname(at);
  return at;
}

/** Undefined where there is no directory. */
function identityOf(path: string): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isDirectory() === true ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    return undefined;
  }
}
