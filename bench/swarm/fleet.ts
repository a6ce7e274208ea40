import type { Namespaces } from "../../test/harness/namespaces.ts";

/** What one member's log tells of another. */
export type Finding =
  /** Missed: nothing is known of why. Serf tells no such thing. */
  | "unreachable"
  /** Held dead by the member's program, for whatever that takes. */
  | "dead"
  /** Known, or known again, to be there. */
  | "back";

/** A swarm of one program, each member a process in a network namespace of its own. */
export interface Fleet {
  /** What each section of the result calls it. */
  readonly program: string;
  readonly members: readonly string[];
  readonly hosts: Namespaces;
  /** Starts the processes of these members at once, and resolves when they run, whether they know each other or not. */
  start(names: readonly string[]): Promise<void>;
  /** Ends the processes of these members as their user would, and waits for it. */
  stop(names: readonly string[]): Promise<void>;
  signal(name: string, signal: NodeJS.Signals): void;
  pidOf(name: string): number;
  /** When a member's log told a finding of another one, at or after a time; undefined when it has not. */
  toldMs(by: string, of: string, finding: Finding, sinceMs: number): number | undefined;
  /** Every finding of one kind since a time: of whom. */
  told(by: string, finding: Finding, sinceMs: number): readonly string[];
  /** Whether a member holds all of these to be there, and nobody else. */
  holds(by: string, names: readonly string[]): Promise<boolean>;
  /** Gives news to one member; of each member when they came, or undefined when not all had them in time. */
  publish(to: string): Promise<ReadonlyMap<string, number> | undefined>;
  /** Whether a member knows itself to be cut off from most others; undefined where its program cannot say. */
  saysCutOff(name: string): Promise<boolean | undefined>;
}
