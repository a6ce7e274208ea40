import type { AgentId, AuthorId, Root, VerifiedPolicy } from "@antibody/policy";
import type { Digests, PolicyHeads } from "./messages.ts";
import type { Member, VerifiedCertificate, VerifiedEviction } from "./statements.ts";

/** What the border must know to verify what comes in. Read-only; answered from the mind's present state. */
export interface Knowledge {
  rootOf(author: AuthorId): Root | undefined;
  /** The newest root of each branch: several where an author has made two of one number. */
  newestRoots(author: AuthorId): readonly Root[];
  /** An author's root of one digest: a second one that continues it is verified by it, and proves what was done. */
  rootWithDigest(author: AuthorId, digest: string): Root | undefined;
  certificateOf(agent: AgentId): VerifiedCertificate | undefined;
  /** The agent's own certificate with its newest signed entry; undefined until the first entry is signed. */
  ownMember(): Member | undefined;
  /** Why a member is not let in; undefined while it belongs to the swarm. */
  evictionOf(certificate: VerifiedCertificate): VerifiedEviction | undefined;
  /** Every member held, with its newest entry, sorted by agent: a joiner is told of them, and names stay unique. */
  members(): readonly Member[];
  /** Who observes a member: those that most likely have a session with it. */
  neighborsOf(agent: AgentId): readonly AgentId[];
}

/** What anti-entropy must know of the policy held; the policy store answers. */
export interface PolicyHolding {
  /** Digest over the ids of everything held, 16 hex digits; the same object until something changes is fine. */
  digest(): Digests["policy"];
  heads(): PolicyHeads;
  /** What the other has and I lack, and could take. At most `policyIdsMax`. */
  wantedFrom(theirs: PolicyHeads): readonly string[];
  /** What I hold and the other lacks, and that is not older than what it has. */
  lackedBy(theirs: PolicyHeads): readonly string[];
  /** Those of the ids that are held: roots first, then manifests, then fragments. */
  take(ids: readonly string[]): readonly VerifiedPolicy[];
}
