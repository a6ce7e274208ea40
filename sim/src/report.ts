import type { Violation } from "./invariants/truth.ts";
import type { SwarmFigures } from "./measuring/figures.ts";

/** What a run of a scenario showed. */
export interface SimReport {
  readonly schema: "antibody.simReport/1";
  readonly scenario: string;
  readonly agents: number;
  readonly seed: number;
  /** Threads that have simulated it: the hash is the same with any number of them. */
  readonly workers: number;
  readonly simulatedMs: number;
  /** The whole run, the making of the world included. */
  readonly wallMs: number;
  /** Making the world: keys, certificates, the author's bundles. No virtual time passes. */
  readonly setupMs: number;
  /** Virtual time over wall time, from the first event on. */
  readonly simSecondsPerSecond: number;
  readonly eventsPerSecond: number;
  /** The most memory that the process held, in megabytes. */
  readonly rssMb: number;
  /** Over every output of every agent, in order. Equal seeds give equal hashes. */
  readonly hash: string;
  /** What the audit lane showed, where it was asked for: its own hash, and how often something signed was verified anew. */
  readonly audit?: { readonly hash: string; readonly receipts: number };
  readonly outcome: "held" | "violated";
  /** At most `violationsKeptMax`; `counters.violations` counts all. */
  readonly violations: readonly Violation[];
  /** When each expectation came true, in milliseconds from what it is about, by its name. */
  readonly milestones: { readonly [name: string]: number };
  readonly counters: SimCounters;
  readonly swarm: SwarmFigures;
}

/** What happened in a world, counted over all agents. */
export interface SimCounters {
  readonly events: number;
  readonly steps: number;
  /** Messages sent over sessions, gossip included. */
  readonly messages: number;
  /** What they take on the wire, by estimate. */
  readonly bytesModeled: number;
  /** How often an agent declared a peer dead whose process was gone. */
  readonly deaths: number;
  /** How often an agent declared a peer dead whose process was there, running or paused. */
  readonly falseDeaths: number;
  readonly suspicions: number;
  /** How often an agent refuted its own death. */
  readonly refutations: number;
  readonly repairs: number;
  readonly signatures: number;
  readonly dials: number;
  /** Sends for which no session stood, and messages lost because too many waited for a cut to end. */
  readonly unsent: number;
  readonly overflows: number;
  readonly retransmissions: number;
  /** Policy, and entries, votes and deaths, that did not verify where they came as bytes. */
  readonly refusedPolicies: number;
  readonly refusedStatements: number;
  /** Rumors of entries that all agents were enrolled with: they are not carried. */
  readonly knownRumors: number;
  readonly inspections: number;
  readonly violations: number;
}

/** Told while a scenario runs. */
export interface Progress {
  readonly scenario: string;
  readonly simulatedMs: number;
  readonly durationMs: number;
  readonly wallMs: number;
  /** Wall time that is left, at the speed so far. */
  readonly etaMs: number;
  readonly simSecondsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly running: number;
  readonly violations: number;
  /** Expectations whose time runs, with what is still lacking. */
  readonly awaited: readonly string[];
}
