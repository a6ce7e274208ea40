import type { Violation } from "../invariants/truth.ts";
import { play } from "../replaying/play.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { leaseFaults, roleFaults, singleCrashes } from "./roles.ts";

/**
 * Which faults a role is put through. A sole holder leaves nobody when it fails: there the bounds are met. A lease is
 * held by one at most, in every schedule.
 */
export type RoleSchedule = "singleCrashes" | "roleFaults" | "soleHolder" | "leaseFaults";

/** What a role went through, by what ran on the devices. */
export interface RoleRun {
  readonly violations: readonly Violation[];
  /** The longest times in which nobody ran what goes with it, and in which too many did that reached each other. */
  readonly noneMsMax: number;
  readonly overlapMsMax: number;
  /** Leases that there have been, where the role is leased. */
  readonly epochs: number;
  /** Whether somebody held the lease at the end. */
  readonly isLeased: boolean;
}

/** Runs a schedule that a seed has drawn. */
export async function runRole(schedule: RoleSchedule, seed: number): Promise<RoleRun> {
  const scenario = scenarioOf(schedule, seed);
  const { running, violations } = await play({ scenario, agents: scenario.agents, seed });
  const { noneMsMax, overlapMsMax } = running.roles;
  const { epochCount, areHeld } = running.leases;
  return { violations, noneMsMax, overlapMsMax, epochs: epochCount, isLeased: areHeld };
}

function scenarioOf(schedule: RoleSchedule, seed: number): Scenario {
  switch (schedule) {
    case "singleCrashes":
      return singleCrashes(seed);
    case "roleFaults":
      return roleFaults(seed);
    case "soleHolder":
      return roleFaults(seed, 1);
    case "leaseFaults":
      return leaseFaults(seed);
    default:
      throw new Error(`unknown schedule ${schedule satisfies never}`);
  }
}
