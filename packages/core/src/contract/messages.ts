import type { AgentId, AuthorId, StreamName, VerifiedPolicy, Version } from "@antibody/policy";
import type {
  DeathCertificate,
  Incarnation,
  Member,
  SignedSighting,
  SignedVote,
  VerifiedEviction,
} from "./statements.ts";

/** Digests of what an agent holds, carried on every probe: a difference is reconciled at once. 16 hex digits each. */
export interface Digests {
  readonly members: string;
  readonly policy: string;
}

/** The newest thing held of one stream of one author. */
export interface StreamHead {
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly version: Version;
  /** Id of the manifest of that version. */
  readonly manifest: string;
}

/** Everything held of policy, by id: small, since only what is current is kept. */
export interface PolicyHeads {
  /** Ids of roots, manifests and fragments held, sorted. At most `policyIdsMax`. */
  readonly ids: readonly string[];
  readonly streams: readonly StreamHead[];
}

/**
 * A message from one enrolled peer to another, with every signature in it already checked. On the wire it is
 * CBOR with the exact bytes of what is signed; Noise authenticates the sender.
 */
export type PeerMessage =
  /** Are you there? The accusation tells a suspected peer before anyone else hears of it (buddy rule). */
  | {
      readonly type: "probe";
      readonly sequence: number;
      readonly digests: Digests;
      readonly accusation?: { readonly incarnation: Incarnation };
    }
  | {
      readonly type: "ack";
      readonly sequence: number;
      readonly digests: Digests;
      readonly incarnation: Incarnation;
    }
  /** Please probe the subject for me. */
  | { readonly type: "probeRequest"; readonly sequence: number; readonly subject: AgentId }
  | {
      readonly type: "probeReport";
      readonly sequence: number;
      readonly subject: AgentId;
      readonly answered: boolean;
    }
  /** Votes for fellow observers of a subject. */
  | { readonly type: "votes"; readonly votes: readonly SignedVote[] }
  /**
   * Please vote for me: the holder of a leased role, or who would be. `group` is the digest of its terms, 16 hex
   * digits; `round` comes back in the answer.
   */
  | {
      readonly type: "leaseAsk";
      readonly role: string;
      readonly group: string;
      readonly epoch: number;
      readonly round: number;
    }
  /** My vote, for the epoch that was asked for; or none, with the epoch of the vote that I have given. */
  | {
      readonly type: "leaseAnswer";
      readonly role: string;
      readonly epoch: number;
      readonly round: number;
      readonly granted: boolean;
    }
  /** My lease is over, and nothing that went with it runs: vote for whom you like. */
  | { readonly type: "leaseRelease"; readonly role: string; readonly epoch: number }
  /** Please publish these with your own: in a massacre there would be a rumor for each. */
  | { readonly type: "deaths"; readonly deaths: readonly DeathCertificate[] }
  /**
   * Anti-entropy, first move: digests of `directoryBucketCount` buckets of the directory, and policy heads. Digests
   * of evictions are absent, here and in the next two moves, where there are none.
   */
  | {
      readonly type: "digest";
      readonly buckets: readonly string[];
      readonly policy: PolicyHeads;
      readonly evictions?: readonly string[];
    }
  /** Second move: what I hold in the buckets that differ, and my policy heads. */
  | {
      readonly type: "summary";
      readonly members: readonly {
        readonly agent: AgentId;
        readonly incarnation: Incarnation;
        readonly dead: boolean;
      }[];
      readonly buckets: readonly number[];
      readonly policy: PolicyHeads;
      readonly evictions?: readonly string[];
    }
  /** Third move: please send these. */
  | {
      readonly type: "want";
      readonly members: readonly AgentId[];
      readonly policy: readonly string[];
      readonly evictions?: readonly string[];
    }
  /** What was wanted, or is pushed because the other lacks it; in pieces of at most `messageBytesMax`. */
  | {
      readonly type: "items";
      readonly members: readonly Member[];
      readonly deaths: readonly DeathCertificate[];
      readonly policy: readonly VerifiedPolicy[];
      readonly evictions?: readonly VerifiedEviction[];
    };

/** A rumor on the swarm's health topic, with every signature in it already checked. */
export type HealthRumor =
  | { readonly type: "members"; readonly members: readonly Member[] }
  | { readonly type: "deaths"; readonly deaths: readonly DeathCertificate[] }
  | { readonly type: "sightings"; readonly sightings: readonly SignedSighting[] }
  | { readonly type: "evictions"; readonly evictions: readonly VerifiedEviction[] };
