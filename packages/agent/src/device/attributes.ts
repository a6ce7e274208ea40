import { execFile, spawnSync } from "node:child_process";
import { closeSync, constants, fchmodSync, fstatSync, openSync, type Stats } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { handlePath } from "./ownHandles.ts";

/** open(2) of Linux, missing in node:fs: a handle that only names what it stands for. */
const O_PATH = 0o10000000;
/** Files that an answer is remembered of; the oldest is forgotten first. A guess: more than a device promises. */
const knownMax = 65_536;
/** How long a file that was seen to change waits for others to be asked about with it. A guess: nobody waits for it. */
const gatherMs = 1_000;
/** Characters of the paths in one question; a command line holds 2 MiB. */
const pathCharactersMax = 100_000;
/** Bytes of an answer: a line for each path. */
const answerBytesMax = 4_194_304;
/** For a question about hundreds of files, and for copying what one has. Guesses: both take milliseconds. */
const askTimeoutMs = 10_000;
const copyTimeoutMs = 5_000;

/** What is known of one file. */
interface Known {
  readonly ino: number;
  /** When the answer was got; NaN for a file of the agent's own, which has what its forerunner had. */
  readonly ctimeMs: number;
  readonly has: boolean;
}

/**
 * Access control lists and extended attributes (acl(5), xattr(7)), which a file that is replaced must not lose. Node
 * reads neither, so that GNU tar tells which files have some, hundreds at a time, long before one is repaired; and
 * GNU cp copies those of the few that have. Where either is missing, files count as having none.
 */
export class Attributes {
  /** The path on this machine that a path stands for. */
  readonly #real: (path: string) => string;
  readonly #known = new Map<string, Known>();
  readonly #wanted = new Map<string, Stats>();
  #timer: NodeJS.Timeout | undefined;
  /** The end of the last question and copy: there is one at a time. */
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(real: (path: string) => string) {
    this.#real = real;
  }

  /** A file was looked at. What is new is asked about soon, with others. */
  saw(path: string, stats: Stats): void {
    const known = this.#known.get(path);
    if (known?.ino === stats.ino) {
      if (known.ctimeMs === stats.ctimeMs) return;
      if (Number.isNaN(known.ctimeMs)) {
        this.#own(path, { ...known, ctimeMs: stats.ctimeMs });
        return;
      }
    }
    if (this.#closed) return;
    this.#wanted.set(path, stats);
    this.#timer ??= setTimeout(() => void this.#ask(), gatherMs).unref();
  }

  /** What a repair of a file waits for; undefined where nothing is to be copied, as nearly always. */
  ready(path: string): Promise<void> | undefined {
    const known = this.#known.get(path);
    const wanted = this.#wanted.get(path);
    if (wanted !== undefined && wanted.ino !== known?.ino) return this.#ask();
    // Copying holds up the whole agent for some milliseconds: one file each turn.
    return known?.has === true ? this.#inTurn(async () => void (await nextTurn())) : undefined;
  }

  /**
   * Gives the new file what the one has that it replaces, before anything is written into it: the system takes
   * capabilities of programs away again at the first write, as from any file that is written to.
   */
  copy(path: string, before: { readonly at: string; readonly stats: Stats }, handle: number): void {
    const known = this.#known.get(path);
    const isKnown = known?.ino === before.stats.ino;
    if (!isKnown || known.has) copyAll(before.at, handle);
    // What was not known is asked of the new file, so that the next repair of it need not copy in vain.
    if (isKnown) this.#own(path, { ino: fstatSync(handle).ino, ctimeMs: Number.NaN, has: known.has });
  }

  /** The agent makes a file where none was: it has what any new file has. */
  made(path: string, handle: number): void {
    this.#own(path, { ino: fstatSync(handle).ino, ctimeMs: Number.NaN, has: false });
  }

  /** Of a file of the agent's own: what was to be asked of its forerunner is void. */
  #own(path: string, known: Known): void {
    this.#wanted.delete(path);
    this.#learn(path, known);
  }

  /** Resolves when nothing is asked any more. */
  async stop(): Promise<void> {
    this.#closed = true;
    this.#wanted.clear();
    clearTimeout(this.#timer);
    await this.#turn;
  }

  #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#inTurn(async () => {
      while (this.#wanted.size > 0) await this.#askSome();
    });
  }

  async #askSome(): Promise<void> {
    const asked: {
      readonly path: string;
      readonly real: string;
      readonly stats: Stats;
      readonly before: Known | undefined;
    }[] = [];
    let characters = 0;
    for (const [path, stats] of this.#wanted) {
      const real = this.#real(path);
      if (characters + real.length > pathCharactersMax) break;
      this.#wanted.delete(path);
      characters += real.length;
      asked.push({ path, real, stats, before: this.#known.get(path) });
    }
    if (asked.length === 0) return;
    const having = await havingSome(asked.map(({ real }) => real));
    for (const { path, real, stats, before } of asked) {
      // It was replaced meanwhile by the agent, who knows better.
      if (this.#known.get(path) !== before) continue;
      this.#learn(path, { ino: stats.ino, ctimeMs: stats.ctimeMs, has: having.has(real) });
    }
  }

  #learn(path: string, known: Known): void {
    this.#known.delete(path);
    this.#known.set(path, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > knownMax && oldest !== undefined) this.#known.delete(oldest);
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(act);
    return this.#turn;
  }
}

/**
 * Which of these files have any. An archive that goes to /dev/null is not even read into (GNU tar, "Dealing with
 * the null device"), and its verbose list marks each file behind its permissions: `+` has a list, `*` has attributes.
 */
async function havingSome(paths: readonly string[]): Promise<ReadonlySet<string>> {
  // A name with a line break is not told from two names; copying is asked to find out.
  const having = new Set(paths.filter((path) => path.includes("\n")));
  const plain = paths.filter((path) => !having.has(path));
  const options = ["--acls", "--xattrs", "--xattrs-include=*", "--no-recursion", "--hard-dereference"];
  const list = [...options, "--quoting-style=literal", "-P", "-cvvf", "/dev/null", ...plain];
  // In the order of the names, without those that are gone.
  const lines = (await answerOf("tar", list)).split("\n");
  let next = 0;
  for (const path of plain) {
    if (lines[next]?.endsWith(` ${path}`) !== true) continue;
    if (/^.{10}[+*]/.test(lines[next] ?? "")) having.add(path);
    next += 1;
  }
  return having;
}

/** What a program says, however it ends: nothing where there is no such program. */
function answerOf(program: string, words: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = { timeout: askTimeoutMs, maxBuffer: answerBytesMax, env: { ...process.env, LC_ALL: "C" } };
  execFile(program, words, options, (_error, stdout) => resolve(stdout));
  return promise;
}

/** By handles, so that neither of the two can be swapped. What the system refuses to copy is not copied. */
function copyAll(from: string, handle: number): void {
  const source = openSync(from, O_PATH | constants.O_NOFOLLOW);
  try {
    const handles = [source, handle].map(handlePath);
    const options = ["--attributes-only", "--preserve=mode,xattr"];
    spawnSync("cp", [...options, ...handles], { stdio: "ignore", timeout: copyTimeoutMs });
  } finally {
    closeSync(source);
    // Closed to others until all of it is written: it has the mode of the old file now.
    fchmodSync(handle, 0o600);
  }
}
