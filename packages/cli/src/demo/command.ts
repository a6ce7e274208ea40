import { spawn } from "node:child_process";
import { isSea } from "node:sea";

/** How to run the `antibody` command as a process of its own: this same executable and bundle. */
export interface Launcher {
  readonly file: string;
  readonly args: readonly string[];
}

/** The command that is running now. */
export function ownLauncher(): Launcher {
  const script = process.argv[1];
  // A single executable repeats its own path there: it needs no script.
  return script === undefined || isSea()
    ? { file: process.execPath, args: [] }
    : { file: process.execPath, args: [script] };
}

/** What a command printed with `--json`, and how it ended. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command to its end, as a user would, with a bound on its time. */
export function runCommand(
  launcher: Launcher,
  args: readonly string[],
  signal: AbortSignal,
  timeoutMs: number = commandTimeoutMs,
): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(launcher.file, [...launcher.args, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      signal,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, killedBy) => {
      // It said nothing of it itself.
      if (killedBy !== null) stderr += `ended by ${killedBy} within ${timeoutMs} ms\n`;
      resolve({ code: code ?? 1, stdout, stderr });
    });
  });
}

/** Longer than any command of the demo takes on a Pi; a guess. */
const commandTimeoutMs = 30_000;
