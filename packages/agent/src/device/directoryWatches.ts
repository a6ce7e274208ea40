import { type FSWatcher, watch } from "node:fs";
import { watchesMax } from "@antibody/core";
import type { ResourceId } from "@antibody/policy";
import { codeOf, DeviceError } from "./deviceError.ts";
import { EventQueue } from "./eventQueue.ts";
import type { Tell } from "./resourceBody.ts";
import { WatchPoint } from "./watchPoint.ts";

/** Starts to watch one directory (not what is below it). Throws with an errno code. */
export type WatchDirectory = (
  directory: string,
  changed: (name: string | null) => void,
  broken: (error: unknown) => void,
) => { close(): void };

/** How long after a refused watch the next one is tried. A guess: limits change by hand, not by the second. */
const retryMs = 30_000;

/** `fs.watch` of the directory: of all ways to watch it alone lost nothing when files were replaced (measured). */
export function watchWithNode(
  directory: string,
  changed: (name: string | null) => void,
  broken: (error: unknown) => void,
): { close(): void } {
  const watcher: FSWatcher = watch(directory, { persistent: false });
  watcher.on("change", (_type, name) => changed(name === null ? null : name.toString()));
  watcher.on("error", broken);
  return watcher;
}

/** What the watches need from the device. */
export interface DirectoryWatchesOptions {
  /** Something happened to the resource, or may have. */
  readonly wake: (resource: ResourceId) => void;
  readonly tell: Tell;
  readonly watchDirectory: WatchDirectory;
}

/**
 * One watch for each parent directory of watched resources, shared by all that are in it. Where watches are
 * refused (a limit, no memory) the resources are left to the mind's sweep; that is said once, and when it is over.
 * Where events may have been lost, all resources are looked at.
 */
export class DirectoryWatches {
  readonly #options: DirectoryWatchesOptions;
  readonly #points = new Map<string, WatchPoint>();
  readonly #queue = new EventQueue(() => this.#wakeAll());
  readonly #directoryOf = new Map<ResourceId, { readonly directory: string; readonly name: string }>();
  #refusedMs = Number.NEGATIVE_INFINITY;
  /** Directories whose watch was refused: what is in them is only swept. */
  readonly #polled = new Set<string>();

  constructor(options: DirectoryWatchesOptions) {
    this.#options = options;
  }

  /** Wakes the resource whenever its entry changes. */
  add(resource: ResourceId, directory: string, name: string): void {
    this.remove(resource);
    let point = this.#points.get(directory);
    if (point === undefined) {
      point = new WatchPoint(
        directory,
        this.#options.wake,
        (...args) => this.#open(directory, ...args),
        this.#queue,
      );
      this.#points.set(directory, point);
    }
    point.add(resource, name);
    this.#directoryOf.set(resource, { directory, name });
  }

  /** Closes the watch when nothing of its directory is left. */
  remove(resource: ResourceId): void {
    const known = this.#directoryOf.get(resource);
    if (known === undefined) return;
    this.#directoryOf.delete(resource);
    const point = this.#points.get(known.directory);
    if (point === undefined || !point.remove(resource, known.name)) return;
    point.close();
    this.#points.delete(known.directory);
    this.#watched(known.directory);
  }

  /** Sees that the resource's watch still looks at the directory of its path: parents are moved unseen. */
  check(resource: ResourceId): void {
    const known = this.#directoryOf.get(resource);
    if (known !== undefined) this.#points.get(known.directory)?.check(known.name);
  }

  close(): void {
    this.#queue.stop();
    for (const point of this.#points.values()) point.close();
    this.#points.clear();
    this.#directoryOf.clear();
  }

  #wakeAll(): void {
    for (const resource of this.#directoryOf.keys()) this.#options.wake(resource);
  }

  /** Undefined while watches are refused. Throws ENOENT and ENOTDIR, which the point answers by going up. */
  #open(
    wanted: string,
    directory: string,
    changed: (name: string | null) => void,
    broken: (error: unknown) => void,
  ): { close(): void } | undefined {
    if (performance.now() - this.#refusedMs < retryMs) {
      this.#polled.add(wanted);
      return undefined;
    }
    try {
      if (this.#points.size > watchesMax) throw new DeviceError("ENOSPC", `more than ${watchesMax} watches`);
      const watcher = this.#options.watchDirectory(directory, changed, (error) => {
        this.#refused(wanted, error);
        broken(error);
      });
      this.#watched(wanted);
      return watcher;
    } catch (error) {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") throw error;
      this.#refused(wanted, error);
      return undefined;
    }
  }

  #watched(directory: string): void {
    if (this.#polled.delete(directory) && this.#polled.size === 0)
      this.#options.tell("info", "device.watching", {});
  }

  #refused(directory: string, error: unknown): void {
    this.#refusedMs = performance.now();
    const isKnown = this.#polled.size > 0;
    this.#polled.add(directory);
    if (isKnown) return;
    this.#options.tell("warn", "device.polling", {
      directory,
      code: codeOf(error),
      next: "raise fs.inotify.max_user_watches and max_user_instances; until then only the sweep sees changes",
    });
  }
}
