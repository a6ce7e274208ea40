import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a command inside did. */
export interface Inside {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What a shell sees of a device that nobody has prepared. */
const environment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
};

/**
 * A bare Debian 12 in a directory of its own, made by debootstrap, without systemd. Its /proc is mounted in a
 * namespace that ends with each command, so nothing stays mounted whatever happens. Needs root.
 */
export class BareDebian {
  readonly root: string;
  readonly #children: ChildProcess[] = [];

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), "antibody-debian-"));
    try {
      execFileSync(
        "debootstrap",
        ["--variant=minbase", "bookworm", this.root, "http://deb.debian.org/debian"],
        {
          stdio: ["ignore", "ignore", "pipe"],
        },
      );
    } catch (error) {
      rmSync(this.root, { recursive: true, force: true });
      throw error;
    }
    // It is the root directory of every user inside.
    chmodSync(this.root, 0o755);
  }

  /** Runs a command to its end, without a terminal. */
  run(command: readonly string[], variables: { readonly [name: string]: string } = {}): Inside {
    const [file, ...args] = this.#enter(command);
    const { status, stdout, stderr } = spawnSync(file, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...environment, ...variables },
      timeout: commandMsMax,
    });
    return { code: status ?? -1, out: stdout, err: stderr };
  }

  /** Starts a command that goes on. */
  start(command: readonly string[]): ChildProcess {
    const [file, ...args] = this.#enter(command);
    const child = spawn(file, args, { stdio: "ignore", env: environment });
    this.#children.push(child);
    return child;
  }

  /** Every path but those of dpkg's own books and the logs. */
  paths(): readonly string[] {
    const found = execFileSync("find", [".", "-xdev", "-path", "./proc", "-prune", "-o", "-print"], {
      cwd: this.root,
      encoding: "utf8",
      maxBuffer: 2 ** 26,
    });
    return found
      .split("\n")
      .filter((path) => !/^\.\/(var\/(log|lib\/dpkg|cache)|tmp|etc\/.*-$)/.test(path))
      .toSorted();
  }

  async end(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    rmSync(this.root, { recursive: true, force: true });
  }

  #enter(command: readonly string[]): [string, ...string[]] {
    const script = 'mount --bind /proc "$1/proc" && shift && exec chroot "$@"';
    return ["unshare", "--mount", "sh", "-c", script, "sh", this.root, this.root, ...command];
  }
}

/** Only what hangs comes to it. */
const commandMsMax = 240_000;
