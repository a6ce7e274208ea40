import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Where the two sockets of an agent are. */
export interface ControlPaths {
  /** Everything; for the owner alone (0600). */
  readonly control: string;
  /** Looking only; for the owner's group too (0660). */
  readonly read: string;
}

/** The environment variables that say where things lie. */
export interface Environment {
  readonly [name: string]: string | undefined;
}

/** Bytes of a Unix socket's path: 108 with the closing zero (unix(7)). */
const socketPathBytesMax = 107;
const systemStateDirectory = "/var/lib/antibody";

/** Where an agent keeps its state when nobody says otherwise: the system's place for root, XDG's for a user. */
export function defaultStateDirectory(environment: Environment, userId: number): string {
  if (userId === 0) return systemStateDirectory;
  const home = environment["HOME"] ?? "/";
  return join(environment["XDG_STATE_HOME"] ?? join(home, ".local", "state"), "antibody");
}

/**
 * Where an agent keeps its sockets. The default state has the runtime directory of the system or the user; any
 * other state has its own inside, or a short path under the temporary directory where that would be too long.
 */
export function runtimeDirectory(stateDirectory: string, environment: Environment, userId: number): string {
  const state = resolve(stateDirectory);
  // Whoever asks: the service runs as a user of its own, and root asks it.
  if (state === systemStateDirectory) return "/run/antibody";
  const userRuntime = environment["XDG_RUNTIME_DIR"];
  if (userRuntime !== undefined && state === defaultStateDirectory(environment, userId)) {
    return join(userRuntime, "antibody");
  }
  const inside = join(state, "run");
  if (Buffer.byteLength(join(inside, "control.sock")) <= socketPathBytesMax) return inside;
  const digest = createHash("sha256").update(state).digest("hex").slice(0, 16);
  return join(tmpdir(), `antibody-${userId}-${digest}`);
}

/** The sockets of the agent whose state is in a directory. */
export function controlPaths(
  stateDirectory: string,
  environment: Environment = process.env,
  userId: number = process.getuid?.() ?? 0,
): ControlPaths {
  const directory = runtimeDirectory(stateDirectory, environment, userId);
  return { control: join(directory, "control.sock"), read: join(directory, "read.sock") };
}
