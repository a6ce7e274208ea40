import { isMainThread } from "node:worker_threads";

/**
 * Node has no openat(2), and to name a file through the handle of its parent takes the kernel four steps through
 * `/proc`: half of the time of opening it. A process that stands in the directory itself needs none of them, and is
 * led elsewhere as little. It stands there for a row of looks that nothing else comes between, and goes back.
 */
export class Standing {
  /** Where the process stood before. */
  #home: string | undefined;
  #directory: string | undefined;
  /** The directory of the look before this one: one look in a directory is not worth the way. */
  #last: string | undefined;

  /** Whether names of this directory may stand alone from now on, until `leave`. `at` is a path to its handle. */
  in(at: string): boolean {
    if (at === this.#directory) return true;
    const isAgain = at === this.#last;
    this.#last = at;
    // A thread stands where its process does, and may not move it.
    if (!isAgain || !isMainThread) return false;
    this.#home ??= homeOf();
    process.chdir(at);
    this.#directory = at;
    return true;
  }

  /** Goes back: before anything else of this process runs. */
  leave(): void {
    this.#last = undefined;
    if (this.#directory === undefined) return;
    this.#directory = undefined;
    try {
      process.chdir(this.#home ?? "/");
    } catch {
      // It was removed meanwhile; no path of the agent's begins there.
      this.#home = "/";
      process.chdir("/");
    }
  }
}

function homeOf(): string {
  try {
    return process.cwd();
  } catch {
    return "/";
  }
}
