import type { Violation } from "../invariants/truth.ts";
import { play } from "../replaying/play.ts";
import { roleFaults, singleCrashes } from "./roles.ts";

/** Which faults a role is put through. */
export type RoleSchedule = "singleCrashes" | "roleFaults";

/** What a role went through, by what ran on the devices. */
export interface RoleRun {
  readonly violations: readonly Violation[];
  /** The longest times in which nobody ran what goes with it, and in which too many did that reached each other. */
  readonly noneMsMax: number;
  readonly overlapMsMax: number;
}

/** Runs a schedule that a seed has drawn. */
export async function runRole(schedule: RoleSchedule, seed: number): Promise<RoleRun> {
  const scenario = schedule === "roleFaults" ? roleFaults(seed) : singleCrashes(seed);
  const { running, violations } = await play({ scenario, agents: scenario.agents, seed });
  const { noneMsMax, overlapMsMax } = running.roles;
  return { violations, noneMsMax, overlapMsMax };
}
