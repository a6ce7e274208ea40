import { canonicalBytes } from "@antibody/policy";
import type { CommonPromise } from "./fields.ts";

/** A program that the agent keeps running, as its child. */
export type ProcessPromise = CommonPromise & {
  /** The program by absolute path, or by name in PATH, and its arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd?: string;
  /** Added to the agent's own environment. */
  readonly env?: { readonly [name: string]: string };
  /** From SIGTERM to SIGKILL; `5s` when not said. */
  readonly stopTimeout?: string;
};

/** Whether the supervised child runs. */
export type ProcessObservation =
  | {
      readonly type: "running";
      readonly pid: number;
      /** Start time from `/proc/<pid>/stat`, in clock ticks: tells a pid from its reuse. */
      readonly startTicks: number;
      /** Digest of `commandBytes` of the promise that it was started by, under the agent's digest key. */
      readonly commandDigest: string;
    }
  | {
      readonly type: "stopped";
      /** How the last child ended, where the agent saw it. */
      readonly exit?: { readonly code?: number; readonly signal?: string };
    };

/** `start` a child, `restart` one whose command differs, `stop` it on withdrawal. None of them leaves two. */
export type ProcessVerb = "start" | "restart" | "stop";

/** The bytes whose keyed digest says which command a child was started by: canonical JSON of what matters to it. */
export function commandBytes(promise: Pick<ProcessPromise, "command" | "cwd" | "env">): Uint8Array {
  return canonicalBytes({
    command: promise.command,
    ...(promise.cwd === undefined ? {} : { cwd: promise.cwd }),
    ...(promise.env === undefined ? {} : { env: promise.env }),
  });
}
