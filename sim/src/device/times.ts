/** How long a device takes, in microseconds of virtual time. */
export interface DeviceTimes {
  /** CPU time of one step of the agent's mind: what comes meanwhile waits in order. */
  readonly stepUs: number;
  /** CPU time of verifying one signature of what comes in: it lengthens the step that takes it. */
  readonly verifyUs: number;
  /** CPU time of a session that opens, at each of its ends: two handshakes, and what gossip says to a new peer. */
  readonly sessionUs: number;
  readonly observeUs: number;
  /** From a change to the event of whoever watches. */
  readonly watchUs: number;
  /** One action, drawn evenly between the two. */
  readonly actUsMin: number;
  readonly actUsMax: number;
}

/**
 * Guesses: a small file on an SD card, a process start. A step takes tens of microseconds where it was measured, and a
 * session 25 to 45 ms: they count only on a device that a scenario makes slow. Verifying was measured on x64, by the crypto of Node.
 */
export const defaultTimes: DeviceTimes = {
  stepUs: 0,
  verifyUs: 112,
  sessionUs: 0,
  observeUs: 500,
  watchUs: 1_000,
  actUsMin: 2_000,
  actUsMax: 30_000,
};
