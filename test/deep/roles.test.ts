import { type RoleRun, type RoleSchedule, runRole } from "@antibody/sim";
import { expect, test } from "vitest";

/** Schedules of each kind; ANTIBODY_ROLE_SEEDS changes it. */
const seeds = Number(process.env["ANTIBODY_ROLE_SEEDS"] ?? 1_000);

/** Two of five devices hold a role: `sim/src/fuzzing/roles.ts`. What must hold in each run is an invariant there. */
async function runAll(schedule: RoleSchedule): Promise<ReadonlyMap<number, RoleRun>> {
  const runs = new Map<number, RoleRun>();
  for (let seed = 1; seed <= seeds; seed += 1) runs.set(seed, await runRole(schedule, seed));
  return runs;
}

function violationsOf(runs: ReadonlyMap<number, RoleRun>): readonly unknown[] {
  return [...runs].filter(([, run]) => run.violations.length > 0);
}

function seedsWith(
  runs: ReadonlyMap<number, RoleRun>,
  longest: "noneMsMax" | "overlapMsMax",
): readonly number[] {
  return [...runs].filter(([, run]) => run[longest] > 0).map(([seed]) => seed);
}

test("where one device fails at a time, the role is never nobody's and never too many's", async () => {
  const runs = await runAll("singleCrashes");
  expect(violationsOf(runs)).toEqual([]);
  expect(seedsWith(runs, "noneMsMax")).toEqual([]);
  expect(seedsWith(runs, "overlapMsMax")).toEqual([]);
});

test("through crashes, pauses, partitions and cuts, the role keeps its bounds", async () => {
  const runs = await runAll("roleFaults");
  expect(violationsOf(runs)).toEqual([]);
  // Otherwise the schedules would be too tame to say anything.
  expect(seedsWith(runs, "overlapMsMax").length).toBeGreaterThan(seeds / 10);
});
