import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";

/** Where the figures come from: they are compared with nothing that was measured elsewhere. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly kernel: string;
}

/** What was measured. */
export interface Versions {
  /** The commit of the working tree, with `-dirty` where it was changed; `unknown` outside of a repository. */
  readonly antibody: string;
  readonly node: string;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 1e6),
    kernel: release(),
  };
}

export function versions(): Versions {
  return { antibody: commit(), node: process.version };
}

function commit(): string {
  try {
    const root = join(import.meta.dirname, "..");
    const words = ["-C", root, "describe", "--always", "--dirty", "--abbrev=10"];
    return execFileSync("git", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown";
  }
}
