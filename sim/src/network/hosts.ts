import type { DialResult, Member } from "@antibody/core";

export type DialPurpose = "session" | "fresh";

/** What the network asks of the hosts that the agents run on, and tells them. */
export interface Hosts {
  /** A host with power answers, also when the agent's process is gone. */
  hasPower(agent: number): boolean;
  /** Whether the agent's process exists; it may be paused. */
  isRunning(agent: number): boolean;
  isPaused(agent: number): boolean;
  /** Until when the process does something else: it answers nobody before. */
  busyUntilUs(agent: number): number;
  /** Whether anything waits for the process to be done with what it does. */
  hasQueue(agent: number): boolean;
  /** Since when the process is paused or gone; infinite while it runs. */
  silentSinceUs(agent: number): number;
  /** Counts the agent's processes: what was meant for an earlier one must not reach a later one. */
  lifeOf(agent: number): number;
  /** What the agent shows of itself in hello; undefined while its own entry is not signed. */
  greetingOf(agent: number): Member | undefined;
  /** An end of a session stands now. `isDialer`: it is that of who asked for it. `greeting` is what the peer showed. */
  opened(agent: number, peer: number, isDialer: boolean, greeting: Member | undefined): void;
  /** An end that stood is gone. */
  closed(agent: number, peer: number): void;
  dialed(agent: number, peer: number, purpose: DialPurpose, result: DialResult): void;
}
