import { setTimeout as sleep } from "node:timers/promises";
import { defaultSettings, overlapMs, Random, stopTimeoutMsDefault, takeoverMs } from "@antibody/core";
import { type RoleRun, type RoleSchedule, runRole } from "@antibody/sim";
import { expect, test } from "vitest";
import { makeColony } from "../harness/colonies.ts";
import { Namespaces, whyNoNamespaces } from "../harness/namespaces.ts";
import { count, names, RoleColony } from "../harness/roleColonies.ts";

/** Far above what the schedules on real agents take. */
const realMsMax = 900_000;

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

test.each(["roleFaults", "soleHolder"] as const)(
  "through the faults of %s, the role keeps its bounds",
  async (schedule) => {
    const runs = await runAll(schedule);
    expect(violationsOf(runs)).toEqual([]);
    // Otherwise the schedules would be too tame to say anything.
    expect(seedsWith(runs, "overlapMsMax").length).toBeGreaterThan(seeds / 10);
    if (schedule === "soleHolder") expect(seedsWith(runs, "noneMsMax").length).toBeGreaterThan(seeds / 10);
    const longest = (which: "noneMsMax" | "overlapMsMax"): number =>
      Math.max(...[...runs.values()].map((run) => run[which]));
    process.stdout.write(
      `${schedule}: ${longest("noneMsMax")} ms without, ${longest("overlapMsMax")} ms too many\n`,
    );
  },
);

test("a lease has one holder at most, through faults, and clocks that jump and drift", async () => {
  const runs = await runAll("leaseFaults");
  expect(violationsOf(runs)).toEqual([]);
  expect([...runs].filter(([, { isLeased }]) => !isLeased)).toEqual([]);
  const epochs = [...runs.values()].reduce((sum, run) => sum + run.epochs, 0);
  expect(epochs).toBeGreaterThan(2 * seeds);
  process.stdout.write(`leaseFaults: ${epochs} leases in ${seeds} schedules\n`);
});

/** Schedules on real agents, with so many faults each, one after the other. */
const realSeeds = 10;
const realFaults = 3;
/** Above what it takes to hold a silent peer for dead, and below. */
const outageMsMax = 20_000;

/**
 * Kills a holder, and perhaps another device, with what they run; or stops the agent of a holder for a while; or parts
 * some devices from the others, silently or by interfaces that are down.
 */
async function strike(roles: RoleColony, hosts: Namespaces, random: Random): Promise<void> {
  const { colony } = roles.test;
  const holder = random.pick(roles.running());
  const others = names.filter((name) => name !== holder);
  const victims = [holder, ...random.sample(others, random.below(2))];
  const kind = random.pick(["kill", "stop", "partition", "down"] as const);
  if (kind === "kill") {
    await roles.kill(...victims);
    await roles.settled(...victims);
    for (const victim of victims) await colony.start(victim);
    return;
  }
  if (kind === "stop") colony.agent(holder).kill("SIGSTOP");
  else if (kind === "partition") hosts.partition(victims);
  else for (const victim of victims) hosts.take(victim, "down");
  await sleep(random.between(500, outageMsMax));
  // Until then a third may run what who is stopped, or apart, runs as well.
  roles.forgiveOverlap();
  if (kind === "stop") colony.agent(holder).kill("SIGCONT");
  else if (kind === "partition") hosts.heal();
  else for (const victim of victims) hosts.take(victim, "up");
}

test.skipIf(whyNoNamespaces() !== undefined)("on real agents the role keeps its bounds", async () => {
  const namespaces = new Namespaces(names);
  let roles: RoleColony | undefined;
  try {
    roles = await RoleColony.form(makeColony({ namespaces, lifeMs: realMsMax }));
    const longest: { readonly seed: number; readonly noneMs: number; readonly overlapMs: number }[] = [];
    for (let seed = 1; seed <= realSeeds; seed += 1) {
      const random = Random.fromSeed(seed);
      const measured = { noneMs: 0, overlapMs: 0 };
      for (let fault = 0; fault < realFaults; fault += 1) {
        await roles.settled();
        roles.measureAnew();
        await strike(roles, namespaces, random);
        await roles.settled();
        measured.noneMs = Math.max(measured.noneMs, roles.noneMsMax);
        measured.overlapMs = Math.max(measured.overlapMs, roles.overlapMsMax);
      }
      longest.push({ seed, ...measured });
    }
    process.stdout.write(
      `${JSON.stringify(longest.map((one) => [one.seed, Math.round(one.noneMs), Math.round(one.overlapMs)]))}\n`,
    );
    const stopMs = stopTimeoutMsDefault;
    expect(longest.filter(({ noneMs }) => noneMs > takeoverMs(defaultSettings))).toEqual([]);
    expect(longest.filter((one) => one.overlapMs > overlapMs(defaultSettings) + stopMs)).toEqual([]);
    expect(roles.running()).toHaveLength(count);
  } finally {
    await roles?.end();
    namespaces.end();
  }
});
