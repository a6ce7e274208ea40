/** What `doctor` looks at, in the order in which it is told. */
export type CheckName =
  | "agent"
  | "service"
  | "clock"
  | "disk"
  | "inotify"
  | "descriptors"
  | "permissions"
  | "reach"
  | "ports"
  | "lan"
  | "peers"
  | "versions";

/** How one thing was found: well, in need of a command, or not to be seen from here. */
export interface Checked {
  readonly check: CheckName;
  readonly verdict: "ok" | "finding" | "unseen";
  /** What was seen, one line. */
  readonly detail: string;
  /** The command that mends it; null where there is nothing to mend. */
  readonly nextCommand: string | null;
}

export function well(check: CheckName, detail: string): Checked {
  return { check, verdict: "ok", detail, nextCommand: null };
}

export function finding(check: CheckName, detail: string, nextCommand: string): Checked {
  return { check, verdict: "finding", detail, nextCommand };
}

export function unseen(check: CheckName, detail: string): Checked {
  return { check, verdict: "unseen", detail, nextCommand: null };
}

/** Why what only the agent can tell stays unseen. */
export const notRunning = "the agent does not run, or does not answer";
