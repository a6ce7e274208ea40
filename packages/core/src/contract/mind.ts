import type { AgentId, Contexts, Crypto, SwarmId, VerifiedPolicy, VerifiedReport } from "@antibody/policy";
import type { RandomState } from "../random.ts";
import type { Settings } from "../settings.ts";
import type { Founding } from "../swarm/members/directory.ts";
import type { Roster } from "../swarm/members/roster.ts";
import type { JournalRecord, Output } from "./output.ts";
import type { ResourceType } from "./resource.ts";
import type { Sharing } from "./sharing.ts";
import type { Member, VerifiedCertificate, VerifiedEviction } from "./statements.ts";
import type { MonotonicMs } from "./time.ts";

/** What a step gives back: what the body shall do, in order, and when the mind wants to be woken at the latest. */
export interface StepResult {
  readonly outputs: readonly Output[];
  /** NEVER when nothing is waited for. Waking earlier is harmless. */
  readonly wakeAt: MonotonicMs;
}

/** What a mind is born with. Nothing in it changes while the mind lives, but the random stream that it seeds. */
export interface MindOptions {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
  readonly certificate: VerifiedCertificate;
  /** Version of the build, told to peers. */
  readonly build: string;
  /** Facts about the device for guards. */
  readonly contexts: Contexts;
  /** 32 secret bytes: digests in observations are keyed, so that a recording tells nothing of contents. */
  readonly digestKey: Uint8Array;
  readonly random: RandomState;
  readonly crypto: Crypto;
  readonly settings: Settings;
  readonly resourceTypes: readonly ResourceType[];
  /** Globs of resources that no grant can reach: the agent's own state, keys, binary and sockets. */
  readonly protectedResources: readonly string[];
  /** Public key of the device's owner, 32 bytes in hexadecimal: its words are obeyed. Absent: nobody's are. */
  readonly owner?: string;
  /** Where members stand on the rings; the minds of a simulator share one. Absent: made from the members. */
  readonly roster?: Roster;
  /** The directory that the mind begins with, as all minds of a simulator do. Absent: an empty one, and a plain store. */
  readonly founding?: Founding;
  /** Where the minds of a simulator find what another has made already. Absent: nowhere. */
  readonly sharing?: Sharing;
}

/** What a body found in its journal, verified again where it was signed. All empty at the first start. */
export interface Boot {
  /** Every record but members and policies, in any order. */
  readonly records: readonly JournalRecord[];
  /** Beyond those of the founding, where there is one. */
  readonly members: readonly Member[];
  readonly policies: readonly VerifiedPolicy[];
  readonly evictions?: readonly VerifiedEviction[];
  /** Manifests that were in force once: a second body of their version is known by them. */
  readonly evidence?: readonly VerifiedPolicy[];
  /** What members said of generations in stages. */
  readonly reports?: readonly VerifiedReport[];
}
