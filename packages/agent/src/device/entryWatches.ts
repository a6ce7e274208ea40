import { lstatSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "./deviceError.ts";
import { EventMeter } from "./eventMeter.ts";
import type { EventQueue } from "./eventQueue.ts";

/** Entries watched one by one; others of the directory are left to the sweep. A guess: an eighth of the usual limit. */
const entriesMax = 1_024;
/** An entry that storms itself is looked at so often. */
const stormyEntryEveryMs = 1_000;

/** Opens a watch of one path; undefined while none may be had. Throws ENOENT and ENOTDIR. */
type OpenEntry = (path: string, changed: () => void, broken: () => void) => { close(): void } | undefined;

interface EntryWatch {
  readonly watcher: { close(): void };
  /** Device and inode: what takes an entry's place is another one, of which the watch tells nothing. */
  readonly identity: string;
  readonly meter: EventMeter;
}

/**
 * Watches of single entries of one directory, while events of the directory come too fast to be read: those of an
 * entry that nobody cares for then cost nothing. Each watch is made anew when its entry is replaced.
 */
export class EntryWatches {
  readonly #directory: string;
  readonly #open: OpenEntry;
  readonly #wake: (name: string) => void;
  readonly #queue: EventQueue;
  readonly #watches = new Map<string, EntryWatch>();
  /** Entries that storm themselves, until they are watched again. */
  readonly #resting = new Map<string, NodeJS.Timeout>();

  constructor(directory: string, open: OpenEntry, wake: (name: string) => void, queue: EventQueue) {
    this.#directory = directory;
    this.#open = open;
    this.#wake = wake;
    this.#queue = queue;
  }

  /** Watches the entry, unless that is done already. */
  check(name: string): void {
    if (this.#resting.has(name)) return;
    const path = join(this.#directory, name);
    const identity = identityOf(path);
    const known = this.#watches.get(name);
    if (known !== undefined && known.identity === identity) return;
    this.remove(name);
    if (identity === undefined || this.#watches.size >= entriesMax) return;
    const meter = new EventMeter();
    try {
      const watcher = this.#open(
        path,
        () => this.#changed(name, meter),
        () => this.remove(name),
      );
      if (watcher !== undefined) this.#watches.set(name, { watcher, identity, meter });
    } catch (error) {
      // Gone meanwhile: the next look comes here again.
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error;
    }
  }

  remove(name: string): void {
    this.#watches.get(name)?.watcher.close();
    this.#watches.delete(name);
    clearTimeout(this.#resting.get(name));
    this.#resting.delete(name);
  }

  close(): void {
    for (const name of [...this.#watches.keys(), ...this.#resting.keys()]) this.remove(name);
  }

  #changed(name: string, meter: EventMeter): void {
    if (this.#watches.get(name)?.meter !== meter) return;
    const floods = this.#queue.count();
    if (floods || meter.storms(this.#queue.turn)) {
      this.remove(name);
      this.#queue.closedInStorm();
      const again = setTimeout(() => {
        this.#resting.delete(name);
        this.check(name);
        this.#wake(name);
      }, stormyEntryEveryMs);
      this.#resting.set(name, again.unref());
    } else this.check(name);
    this.#wake(name);
  }
}

function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  // A watch of a symlink would follow it.
  return stats === undefined || stats.isSymbolicLink() ? undefined : `${stats.dev}:${stats.ino}`;
}
