import type { AuthorId } from "./ids.ts";

/**
 * What a promise may do to the device beyond its scope; each needs to be granted by name, `**` implies none.
 * - `command`: runs a program once.
 * - `process`: keeps a program running.
 * - `expose`: makes a local port reachable for peers.
 * - `service`: starts, stops, enables and disables services of the device's own manager.
 * - `package`: installs and removes packages, which run scripts of theirs as root.
 * - `container`: runs an image; whoever reaches a container engine is root.
 * - `user`: makes and removes users, and the keys that they log in by.
 * - `kernel`: sets parameters of the kernel, and mounts file systems.
 * - `plugin`: tells a plug-in, which the owner registered on the device, what to keep.
 */
export type Power =
  | "command"
  | "process"
  | "expose"
  | "service"
  | "package"
  | "container"
  | "user"
  | "kernel"
  | "plugin";

/** Every power, in the order in which people are shown them. */
export const powers: readonly Power[] = [
  "command",
  "process",
  "expose",
  "service",
  "package",
  "container",
  "user",
  "kernel",
  "plugin",
];

/** Reads a power, or undefined. */
export function parsePower(text: string): Power | undefined {
  return powers.find((power) => power === text);
}

/**
 * What happens to drift under a grant: `enforce` repairs, `warn` shows it as a fault, `observe` only records it.
 */
export type Mode = "enforce" | "warn" | "observe";

/** Every mode, strongest first. */
export const modes: readonly Mode[] = ["enforce", "warn", "observe"];

/** Reads a mode, or undefined. */
export function parseMode(text: string): Mode | undefined {
  return modes.find((mode) => mode === text);
}

/** The owner's acceptance of an author, on this device. Several grants may name one author. */
export interface Grant {
  readonly author: AuthorId;
  /** Globs over resource ids (see glob.ts), at most `scopeGlobsMax`. Empty: reaches nothing. */
  readonly scope: readonly string[];
  /** Safe integer; the highest rank wins a whole resource. */
  readonly rank: number;
  readonly mode: Mode;
  readonly powers: readonly Power[];
  /** What the author's active bundles may take, in bytes of their envelopes. */
  readonly bytesMax: number;
  /**
   * Digest of a root, 32 bytes in hexadecimal: where the author has made two roots of one number, the owner follows
   * the one that this root belongs to.
   */
  readonly root?: string;
  /** Who brought the author's root here: shown by `trust list`. */
  readonly introducedBy?: string;
}
