import { DeviceError } from "../deviceError.ts";
import { runCommand } from "./runCommand.ts";

/** Bytes of what a tool answers. A guess: a container's description takes tens of KiB. */
const stdoutBytesMax = 1_048_576;
/** Characters of a tool's complaint in an error. */
const complaintCharactersMax = 300;

/** What tools say to those without the privilege: told by the name that the system has for it. */
const refusal =
  /permission denied|not permitted|superuser|must be (root|superuser)|only root|access denied|authentication (is )?required/i;

/** How a tool ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  /** The end of what it complained of. */
  readonly stderr: string;
}

/**
 * Runs a tool of the system for the agent itself, without a shell, in the C locale, and with the agent's own
 * capabilities. Throws ENOENT where there is no such tool, ETIMEDOUT, ECANCELED, and EFBIG for an endless answer.
 */
export async function runTool(
  command: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
  env: { readonly [name: string]: string } = {},
): Promise<Ran> {
  const program = command[0] ?? "";
  const chunks: Buffer[] = [];
  let length = 0;
  const ended = await runCommand(command, "/", timeoutMs, signal, {
    env: { LC_ALL: "C", ...env },
    stdout: (bytes) => {
      if (length < stdoutBytesMax) chunks.push(bytes);
      length += bytes.length;
    },
  });
  if (ended.type === "canceled") throw new DeviceError("ECANCELED", `${program} was canceled`);
  if (ended.type === "timedOut")
    throw new DeviceError("ETIMEDOUT", `${program} took longer than ${timeoutMs} ms and was killed`);
  if (length > stdoutBytesMax) throw new DeviceError("EFBIG", `${program} answered more than can be read`);
  return { code: ended.code, stdout: Buffer.concat(chunks).toString("utf8"), stderr: ended.output };
}

/** As `runTool`, and throws with the tool's own last words where it fails. Returns what it answered. */
export async function runToolWell(
  command: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
  env: { readonly [name: string]: string } = {},
): Promise<string> {
  const ran = await runTool(command, timeoutMs, signal, env);
  if (ran.code !== 0) throw toolError(command[0] ?? "", ran);
  return ran.stdout;
}

/** What a tool's failure says: its code, and the line that names the error; the first one where none does. */
export function toolError(program: string, { code, stderr }: Ran): DeviceError {
  const lines = stderr.trimEnd().split("\n");
  const line =
    lines.find((each) => refusal.test(each)) ??
    lines.find((each) => /error|^E:|cannot|unable/i.test(each)) ??
    lines.find((each) => each !== "") ??
    "";
  const complaint = line.slice(0, complaintCharactersMax).trim();
  return new DeviceError(
    refusal.test(complaint) ? "EPERM" : `EXIT${code}`,
    `${program} ended with ${code}${complaint === "" ? "" : `: ${complaint}`}`,
  );
}
