import type { AgentId, Directive, FragmentId, ResourceId, VerifiedManifest, View } from "@antibody/policy";
import type { ResourcePhase } from "../contract/inspection.ts";
import type { JournalRecord } from "../contract/output.ts";
import type { Turn } from "../contract/turn.ts";
import type { RolloutMembers } from "./inspecting.ts";

/** What rollouts ask of the policy that is held. */
export interface StagedPolicy {
  readonly current: View;
  /** Manifests with a staging, of authors that the owner has accepted. */
  staged(): readonly VerifiedManifest[];
  directivesOn(manifest: FragmentId): readonly Directive[];
  /** It has been in force for good: the floor stands at it. */
  isProven(manifest: VerifiedManifest): boolean;
  /** Lets the generation in force be so for good, and drops what was before. */
  prove(manifest: VerifiedManifest, records: readonly JournalRecord[], turn: Turn): void;
}

/** What rollouts ask of the swarm. */
interface StageSwarm extends RolloutMembers {
  /** Whether an agent is enrolled and was not put out. */
  isMember(agent: AgentId): boolean;
  readonly memberCount: number;
  /** Rises when somebody is put out. */
  readonly evictedCount: number;
  /** This agent itself was put out: nobody counts its word. */
  readonly isOut: boolean;
}

/** What rollouts ask of healing. */
export interface StageDevice {
  phaseOf(resource: ResourceId): ResourcePhase | undefined;
}

/** All that a refresh looks at. */
export interface StagePorts {
  readonly policy: StagedPolicy;
  readonly swarm: StageSwarm;
  readonly device: StageDevice;
}
