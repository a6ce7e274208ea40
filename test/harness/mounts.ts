import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./colonies.ts";

/**
 * A mount namespace of a test's own: small file systems in memory for agents to fill. Nobody else sees them, and
 * they go with the namespace. Needs root and util-linux.
 */
export class Mounts {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async make(): Promise<Mounts> {
    const holder = spawn("unshare", ["--mount", "--propagation", "private", "sleep", "infinity"], {
      stdio: "ignore",
    });
    // It becomes this program when all is done: a mount before that could come out where everybody sees it.
    await eventually("the namespace", () => readFileSync(`/proc/${holder.pid}/comm`, "utf8") === "sleep\n");
    return new Mounts(holder);
  }

  /** The words that run a command within. */
  get enter(): readonly string[] {
    return ["--mount", `--target=${this.#holder.pid}`, "--"];
  }

  /** How a path of the namespace is called, from within and from without. */
  pathOf(path: string): string {
    return `/proc/${this.#holder.pid}/root${path}`;
  }

  /** A file system in memory at a directory of the namespace, made where it is missing. */
  mount(path: string, bytes: number): void {
    mkdirSync(path, { recursive: true });
    this.#run("mount", "-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "tmpfs", path);
  }

  /** Nothing on it may be open for writing. */
  remount(path: string, mode: "ro" | "rw"): void {
    this.#run("mount", "-o", `remount,${mode}`, path);
  }

  end(): void {
    this.#holder.kill("SIGKILL");
  }

  #run(...command: readonly string[]): void {
    execFileSync("nsenter", [...this.enter, ...command], { stdio: ["ignore", "pipe", "pipe"] });
  }
}

/** Takes all the room of a file system; returns what gives it back. */
export function fill(directory: string): () => void {
  const ballast = join(directory, "ballast");
  const chunk = Buffer.alloc(4_096);
  try {
    for (;;) writeFileSync(ballast, chunk, { flag: "a" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
  return () => rmSync(ballast);
}
