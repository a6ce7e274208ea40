/** Times and counts of one agent. Every default names its source. The simulator and tests may change them. */
export interface Settings {
  // The swarm
  /**
   * Two that observe each other probe no more often than this; a lost peer is dialed about as often. Chosen: where there
   * are too few to share the duty, a silent death comes to 4.8 s at the latest for a healthy observer, by addition.
   */
  readonly probeIntervalMs: number;
  /**
   * One of the observers of a peer looks at it about this often: they share the duty, so each of ten does so every 8 s,
   * and who misses an answer tells the others. Chosen: in 100 simulated cuts of one of 60 agents the last of all held it
   * out of reach after 3.1 s in the median and 4.2 s at most, for 1.2 messages a second and agent; at 1,000 ms that is
   * 3.3 s, 5.0 s and 1.0, and where each observer probed every 3 s it was 3.5 s, 5.3 s and 2.9.
   */
  readonly lookIntervalMs: number;
  /** A probe unanswered for this long leads to indirect probes. Lifeguard uses 500 ms on a LAN. */
  readonly probeTimeoutMs: number;
  /** Peers asked to probe on one's behalf. SWIM uses 3. */
  readonly indirectProbeCount: number;
  /** How long to wait for what they say, and then for a fresh connection. Guess: twice a probe's wait. */
  readonly indirectTimeoutMs: number;
  readonly freshTimeoutMs: number;
  /** A peer from which nothing came back is voted dead only after this long. Guess: outlives a switch's reboot of a port. */
  readonly cutVoteAfterMs: number;
  /** A peer that accepts connections and says nothing may be paused: at least 20 s, from the design. */
  readonly stalledVoteAfterMs: number;
  /** Up to this many members everyone observes everyone. From the design. */
  readonly fullMeshMembersMax: number;
  /** Rings, observers and votes above that. Chosen by simulation, as are the waits above: docs/swarm.md. */
  readonly ringCount: number;
  readonly observerCount: number;
  readonly quorumVotes: number;
  /** A vote counts for this long after it came, on the receiver's clock. Guess: three times the slowest detection. */
  readonly voteLifetimeMs: number;
  /**
   * What others say of whom they miss counts for so long after it came, and is said again before. A guess: five times
   * a vote's, since a long partition would otherwise cost as many rumors as an idle swarm; whoever returns is said to
   * be there at once.
   */
  readonly sightingLifetimeMs: number;
  /** A lost peer is dialed again within a part of its outage, between these, with full jitter (redial.ts). Guesses. */
  readonly redialBaseMs: number;
  readonly redialMaxMs: number;
  /** Digests are compared with a random peer at least this often; rounds that change nothing wait up to this long. Guess. */
  readonly antiEntropyIntervalMs: number;

  // Healing
  /** Every resource is looked at again at least this often, with jitter of a tenth. Guess: monit's two minutes, halved. */
  readonly sweepIntervalMs: number;
  /** Actions that run at once on one device. Guess: enough to hide the latency of a card, few enough to stay polite. */
  readonly actionsMax: number;
  /** Waits between failed repairs: full jitter below base × 2^n, up to the maximum. AWS Architecture Blog, 2015. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** A resource kept for this long forgets its failures. Guess. */
  readonly backoffResetAfterMs: number;
  /** Failures in a row before a human is asked. Guess. */
  readonly handOffAfterFailures: number;
  /** A handed-off resource is still tried this often. Guess. */
  readonly handedOffRetryMs: number;
  /** More repairs than this in `contestWindowMs` that were undone again mean that something else fights. Guess. */
  readonly contestRepairsMax: number;
  readonly contestWindowMs: number;
  /** A contested resource is looked at, and repaired, at most this often. */
  readonly contestedRetryMs: number;
  /**
   * Repairs that a device is good for at once, and that come back within an hour; a promise may say that one of its
   * own counts for more. Guesses: a thousand files may break twenty times over, and a card still lasts for years.
   */
  readonly repairBudgetMax: number;
  readonly repairBudgetPerHour: number;

  // Routes
  /** Failures in a row that eject a backend, and for how long (times the number of ejections). Envoy's outlier detection: 5 and 30 s; lower for small swarms. */
  readonly ejectAfterFailures: number;
  readonly ejectMs: number;

  // Roles
  /**
   * Nobody takes up a role sooner than this after its start, its sleep, a change of its own isolation, or since it
   * became a candidate: until then it may not have heard of those that hold it. Chosen: a probe's interval, within
   * which digests show what gossip has missed.
   */
  readonly roleSettleMs: number;
  /** Too many hold a role for this long before one of them yields: news that are under way arrive first. A guess. */
  readonly roleYieldMs: number;
  /** Members of a leased role ask for it one after the other, so far apart. A guess: twice a round of a busy swarm. */
  readonly leaseStaggerMs: number;
  /** A round of asking is over after this, and the next comes after a random part of it for each member. A guess. */
  readonly leaseAnswerMs: number;
}

export const defaultSettings: Settings = {
  probeIntervalMs: 3_000,
  lookIntervalMs: 800,
  probeTimeoutMs: 500,
  indirectProbeCount: 3,
  indirectTimeoutMs: 1_000,
  freshTimeoutMs: 1_000,
  cutVoteAfterMs: 10_000,
  stalledVoteAfterMs: 20_000,
  fullMeshMembersMax: 12,
  ringCount: 5,
  observerCount: 10,
  quorumVotes: 7,
  voteLifetimeMs: 60_000,
  sightingLifetimeMs: 300_000,
  redialBaseMs: 500,
  redialMaxMs: 30_000,
  antiEntropyIntervalMs: 30_000,
  sweepIntervalMs: 60_000,
  actionsMax: 16,
  backoffBaseMs: 1_000,
  backoffMaxMs: 300_000,
  backoffResetAfterMs: 600_000,
  handOffAfterFailures: 5,
  handedOffRetryMs: 600_000,
  contestRepairsMax: 10,
  contestWindowMs: 60_000,
  contestedRetryMs: 60_000,
  repairBudgetMax: 20_000,
  repairBudgetPerHour: 20_000,
  ejectAfterFailures: 1,
  ejectMs: 2_000,
  roleSettleMs: 3_000,
  roleYieldMs: 1_000,
  leaseStaggerMs: 500,
  leaseAnswerMs: 500,
};
