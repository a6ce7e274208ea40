import type { AgentId, Report, SwarmId, VerifiedReport } from "@antibody/policy";

declare const verified: unique symbol;
/** Marks a value whose signature and chain were checked at the border; only a verifier makes one. */
export interface Verified {
  readonly [verified]: true;
}

/** The genesis of a swarm, signed by its founder. The digest of its envelope is the swarm's id. */
export interface Charter {
  readonly v: 1;
  readonly type: "charter";
  /** What people call the swarm. */
  readonly name: string;
  /** Public key of the founder, 32 bytes in hex; the root of every certificate chain. */
  readonly founder: string;
  /** Public key of the recovery key, 32 bytes in hex. */
  readonly recovery: string;
  /** 16 random bytes in hex: two swarms of one name and founder differ. */
  readonly nonce: string;
}

/** Says that a key belongs to the swarm under a name; signed by its inviter, whose own chain stands behind it. */
export interface Certificate {
  readonly v: 1;
  readonly type: "certificate";
  readonly swarm: SwarmId;
  /** Public key of the member, 32 bytes in hex. */
  readonly key: string;
  readonly name: string;
  /** Rises when a name is enrolled again; the first part of every incarnation. */
  readonly serial: number;
  /** 16 bytes in hex, chosen by the inviter, so that nobody chooses its own place on the rings. */
  readonly nonce: string;
  readonly mayInvite: boolean;
  /** Public key of the inviter, 32 bytes in hex; the member's own for the founder. */
  readonly inviter: string;
}

/** A member's certificate with the chain that proves it, founder first, the member's own last. */
export interface VerifiedCertificate extends Verified {
  readonly agent: AgentId;
  readonly publicKey: Uint8Array;
  readonly certificate: Certificate;
  /** Who stands behind it: the founder first, each the inviter of the next, the member itself last. */
  readonly lineage: readonly AgentId[];
  /** Envelopes, exact bytes. At most `chainLengthMax`. */
  readonly chain: readonly Uint8Array[];
}

/**
 * Says that a key belongs to the swarm no longer, for good. Signed by the recovery key of the charter, or by someone in
 * the evicted member's lineage: its inviter, the inviter's inviter, the member itself.
 */
export interface Eviction {
  readonly v: 1;
  readonly type: "eviction";
  readonly swarm: SwarmId;
  /** Who is out. */
  readonly agent: AgentId;
  /** Public key of who signs, 32 bytes in hex. */
  readonly signer: string;
  /**
   * Of those whom the evicted member has invited, directly or through others, these stay, with all whom they invite.
   * Nobody else comes in through it any more: a stolen key mints no members. Sorted, at most `evictionKeepsMax`.
   */
  readonly keeps: readonly AgentId[];
  /** Why, for people. */
  readonly reason: string;
}

/** An eviction that who may has signed. */
export interface VerifiedEviction extends Verified {
  readonly agent: AgentId;
  /** What the evicted member is called. */
  readonly name: string;
  /** Whose key has signed: the evicted member, someone above it in its lineage, or the charter's recovery key. */
  readonly by: AgentId | "recovery";
  readonly keeps: readonly AgentId[];
  readonly reason: string;
  /** The evicted member's, itself last. */
  readonly lineage: readonly AgentId[];
  /** Its certificate chain, which proves that the signer may: exact bytes. */
  readonly chain: readonly Uint8Array[];
  /** The envelope, exact bytes. */
  readonly bytes: Uint8Array;
  /** First 16 hex digits of the envelope's digest. */
  readonly digest: string;
}

/** (certificate serial, boot counter, n), compared in this order. Only the subject raises it. */
export type Incarnation = readonly [serial: number, boot: number, n: number];

/** What a member says of itself; the newest incarnation supersedes every older one. */
export interface Entry {
  readonly v: 1;
  readonly type: "entry";
  readonly swarm: SwarmId;
  readonly agent: AgentId;
  readonly incarnation: Incarnation;
  readonly status: "alive" | "left" | "away";
  /** Multiaddrs without the peer id. At most `addressesMax`. */
  readonly addresses: readonly string[];
  /** Names of the capabilities promised to peers, sorted. At most `capabilitiesMax`. */
  readonly capabilities: readonly string[];
  /** Version of the build, for people. */
  readonly build: string;
}

/** An entry with its signature checked against the subject's key. Shared by reference, never changed. */
export interface SignedEntry extends Verified {
  readonly entry: Entry;
  /** The envelope, exact bytes. */
  readonly bytes: Uint8Array;
  /** First 16 hex digits of the envelope's digest: identifies the statement in directory digests. */
  readonly digest: string;
}

/** Why an observer found its subject gone. */
export type VoteEvidence =
  /** The host refused a fresh connection: the process is gone. */
  | "refused"
  /** Nothing answered, directly, through others, or afresh, for as long as `cutVoteAfterMs`. */
  | "cut"
  /** Connections were accepted and stayed silent for as long as `stalledVoteAfterMs`. */
  | "stalled";

/** One observer's own finding that a subject, in one incarnation, is dead. */
export interface Vote {
  readonly v: 1;
  readonly type: "vote";
  readonly swarm: SwarmId;
  readonly subject: AgentId;
  readonly incarnation: Incarnation;
  readonly observer: AgentId;
  readonly evidence: VoteEvidence;
  /** Rises with each vote of the observer, also across restarts: (boot counter, n). */
  readonly sequence: readonly [boot: number, n: number];
}

/** A vote with its signature checked against the observer's enrolled key. */
export interface SignedVote extends Verified {
  readonly vote: Vote;
  readonly bytes: Uint8Array;
}

/**
 * What an observer says to everyone of a subject that it lost or has again, long before anybody votes. It is another
 * statement than a vote, so that it can never count in a death.
 */
export interface Sighting {
  readonly v: 1;
  readonly type: "sighting";
  readonly swarm: SwarmId;
  readonly subject: AgentId;
  readonly incarnation: Incarnation;
  readonly observer: AgentId;
  /** `missing`: out of reach by own attempts. `present`: heard by own attempts, where others find it missing. */
  readonly finding: "missing" | "present";
  /** Rises with each sighting of the observer, also across restarts: (boot counter, n). */
  readonly sequence: readonly [boot: number, n: number];
}

/** A sighting with its signature checked against the observer's enrolled key. */
export interface SignedSighting extends Verified {
  readonly sighting: Sighting;
  readonly bytes: Uint8Array;
}

/** A quorum of votes on one incarnation of a subject. Whoever holds it can check it: it needs no signature of its own. */
export interface DeathCertificate {
  readonly subject: AgentId;
  readonly incarnation: Incarnation;
  /** One vote for each observer, sorted by observer. */
  readonly votes: readonly SignedVote[];
}

/** A member as it travels: its certificate with its newest entry. */
export interface Member {
  readonly certificate: VerifiedCertificate;
  readonly entry: SignedEntry;
}

/** What the mind asks its body to sign with the agent's key. */
export type UnsignedStatement = Entry | Vote | Sighting | EvictionDraft | Report;

/** An eviction to be signed, with the certificate chain of who is evicted, which proves that the agent may. */
export interface EvictionDraft {
  readonly type: "eviction";
  readonly eviction: Eviction;
  readonly chain: readonly Uint8Array[];
}

/** What comes back signed. */
export type SignedStatement =
  | { readonly type: "entry"; readonly entry: SignedEntry }
  | { readonly type: "vote"; readonly vote: SignedVote }
  | { readonly type: "sighting"; readonly sighting: SignedSighting }
  | { readonly type: "eviction"; readonly eviction: VerifiedEviction }
  | { readonly type: "report"; readonly report: VerifiedReport };
