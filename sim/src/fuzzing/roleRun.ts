import type { Violation } from "../invariants/truth.ts";
import { play } from "../replaying/play.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { roleFaults, singleCrashes } from "./roles.ts";

/** Which faults a role is put through. A sole holder leaves nobody when it fails: there the bounds are met. */
export type RoleSchedule = "singleCrashes" | "roleFaults" | "soleHolder";

/** What a role went through, by what ran on the devices. */
export interface RoleRun {
  readonly violations: readonly Violation[];
  /** The longest times in which nobody ran what goes with it, and in which too many did that reached each other. */
  readonly noneMsMax: number;
  readonly overlapMsMax: number;
}

/** Runs a schedule that a seed has drawn. */
export async function runRole(schedule: RoleSchedule, seed: number): Promise<RoleRun> {
  const scenario = scenarioOf(schedule, seed);
  const { running, violations } = await play({ scenario, agents: scenario.agents, seed });
  const { noneMsMax, overlapMsMax } = running.roles;
  return { violations, noneMsMax, overlapMsMax };
}

function scenarioOf(schedule: RoleSchedule, seed: number): Scenario {
  switch (schedule) {
    case "singleCrashes":
      return singleCrashes(seed);
    case "roleFaults":
      return roleFaults(seed);
    case "soleHolder":
      return roleFaults(seed, 1);
    default:
      throw new Error(`unknown schedule ${schedule satisfies never}`);
  }
}
