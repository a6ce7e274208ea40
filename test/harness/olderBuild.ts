import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Launcher } from "../../packages/cli/src/demo/command.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const parts = ["packages", "sim", "scripts", "package.json"];
const workspaces = ["packages/agent", "packages/cli", "packages/core", "packages/policy", "sim"];

/** Why no build of a commit can be made here: a checkout without history has none. Undefined where one can be. */
export function whyNoOlderBuild(commit: string): string | undefined {
  try {
    execFileSync("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: root, stdio: "ignore" });
    return undefined;
  } catch {
    return `the history here does not go back to ${commit}`;
  }
}

/** The command as it was at a commit, bundled with the dependencies of today, and with it-pipe, which went since. */
export class OlderBuild {
  readonly #directory = mkdtempSync(join(tmpdir(), "antibody-older-"));
  readonly launcher: Launcher;

  constructor(commit: string) {
    const archive = execFileSync("git", ["archive", commit, ...parts], { cwd: root, maxBuffer: 2 ** 30 });
    execFileSync("tar", ["-x", "-C", this.#directory], { input: archive });
    symlinkSync(join(root, "node_modules"), join(this.#directory, "node_modules"));
    for (const workspace of workspaces) this.#link(join(workspace, "node_modules"));
    execFileSync(process.execPath, [join(this.#directory, "scripts/bundle.mjs")], { stdio: "pipe" });
    const bundle = join(this.#directory, "dist", "antibody.mjs");
    this.launcher = { file: process.execPath, args: [bundle] };
  }

  end(): void {
    rmSync(this.#directory, { recursive: true });
  }

  /** Dependencies from here, and the packages of the commit itself. */
  #link(modules: string): void {
    mkdirSync(join(this.#directory, modules));
    for (const name of readdirSync(join(root, modules))) {
      const [from, to] = [join(root, modules, name), join(this.#directory, modules, name)];
      // Relative links, which lead to the packages beside it.
      if (name === "@antibody") cpSync(from, to, { recursive: true, verbatimSymlinks: true });
      else symlinkSync(from, to);
    }
  }
}
