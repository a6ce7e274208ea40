import type { AuthorId } from "./ids.ts";

/**
 * What a promise may do to the device beyond its scope; each needs to be granted by name, `**` implies none.
 * - `command`: runs a program once.
 * - `process`: keeps a program running.
 * - `expose`: makes a local port reachable for peers.
 */
export type Power = "command" | "process" | "expose";

/** Every power, in the order in which people are shown them. */
export const powers: readonly Power[] = ["command", "process", "expose"];

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
  /** Who brought the author's root here: shown by `trust list`. */
  readonly introducedBy?: string;
}
