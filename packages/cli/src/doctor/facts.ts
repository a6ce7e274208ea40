import type { AgentInspection } from "@antibody/agent/control";

/** Everything that the checks judge, gathered before: they themselves look at nothing. */
export interface Facts {
  /** The state directory, absolute, and how a command names it. */
  readonly state: string;
  readonly self: string;
  /** The command that starts the agent. */
  readonly start: string;
  /** The version of this command. */
  readonly version: string;
  readonly wallMs: number;
  readonly agent: AgentFacts;
  readonly service: ServiceFacts;
  readonly clock: ClockFacts;
  /** Of the file system of the state; undefined where there is no state yet. */
  readonly disk: DiskFacts | undefined;
  readonly inotify: InotifyFacts;
  /** The state directory, then what lies in it. */
  readonly entries: readonly EntryFacts[];
  /** Addresses that the agent tells its peers, and whether somebody answers there. */
  readonly addresses: readonly { readonly address: string; readonly answers: boolean }[];
}

/** What is known of the agent. */
export type AgentFacts =
  | {
      readonly type: "running";
      readonly inspection: AgentInspection;
      readonly process: ProcessFacts | undefined;
    }
  | { readonly type: "notBegun" }
  | { readonly type: "notRunning" }
  | { readonly type: "denied"; readonly cause: string }
  | { readonly type: "failed"; readonly cause: string };

/** The agent's process, as /proc tells it (proc(5)). */
export interface ProcessFacts {
  readonly pid: number;
  readonly userId: number;
  /** The effective capabilities (capabilities(7)), one bit each. */
  readonly capabilities: bigint;
  /** Undefined where this user may not look. */
  readonly descriptors: { readonly open: number; readonly max: number } | undefined;
}

export interface ServiceFacts {
  readonly systemd: boolean;
  readonly installed: boolean;
  /** Undefined where systemd does not say. */
  readonly enabled: boolean | undefined;
}

interface ClockFacts {
  /** The newest thing in the state was written then; undefined without a state. */
  readonly lastWrittenMs: number | undefined;
  /** Whether the clock is kept by the network, where the system knows. */
  readonly synchronized: boolean | undefined;
}

export interface DiskFacts {
  readonly freeBytes: number;
  readonly sizeBytes: number;
  readonly freeFiles: number;
  /** File systems of some kinds do not count files. */
  readonly sizeFiles: number;
  readonly readOnly: boolean;
}

export interface InotifyFacts {
  readonly watchesMax: number;
  readonly instancesMax: number;
  /** Held by the agent's user; undefined where this user may not look. */
  readonly watchesHeld: number | undefined;
  readonly instancesHeld: number | undefined;
}

export interface EntryFacts {
  readonly path: string;
  readonly userId: number;
  readonly mode: number;
  readonly secret: boolean;
}
