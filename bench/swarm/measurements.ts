import { setTimeout as wait } from "node:timers/promises";
import { type Figures, quantile, round, spread } from "../figures.ts";
import { cpuMs, memoryMb } from "../process.ts";
import { type Run, waitFor } from "../run.ts";
import type { Fleet } from "./fleet.ts";

/** How often each thing is done. */
export interface Repeats {
  readonly fullViews: number;
  readonly startsAtOnce: number;
  readonly kills: number;
  readonly massKills: number;
  readonly cuts: number;
  readonly partitions: number;
  readonly publishes: number;
  readonly pauseCycles: number;
}

/** After all know all, so that what was learned last has spread. */
const settleMs = 5_000;
const knowWithinMs = 180_000;
const partitionMs = 60_000;
const idleMs = 60_000;
const lossPercent = 5;

/**
 * All members are stopped and started again, one after the other, each as the one before runs: from the start of the
 * last until every member holds all others to be there. And from when all run that were started at once.
 */
export async function fullViews(
  run: Run,
  fleet: Fleet,
  { fullViews: starts, startsAtOnce }: Repeats,
): Promise<Figures> {
  const inTurn = await starting(run, fleet, starts, "one after the other", async () => {
    const last = fleet.members.at(-1) ?? "";
    for (const name of fleet.members.slice(0, -1)) await fleet.start([name]);
    const startedMs = performance.now();
    await fleet.start([last]);
    return startedMs;
  });
  const atOnce = await starting(run, fleet, startsAtOnce, "at once", async () => {
    await fleet.start(fleet.members);
    return performance.now();
  });
  return { ...spread("full", inTurn), ...spread("fullAtOnce", atOnce) };
}

/** Stops all members and starts them, so often; the times from what `start` says until all hold all. */
async function starting(
  run: Run,
  fleet: Fleet,
  times: number,
  how: string,
  start: () => Promise<number>,
): Promise<readonly number[]> {
  const tookMs: number[] = [];
  for (let time = 1; time <= times; time += 1) {
    run.say(`${fleet.program}: starting ${how}, ${time} of ${times}`);
    await fleet.stop(fleet.members);
    const startedMs = await start();
    await allHold(run, fleet, fleet.members);
    tookMs.push(performance.now() - startedMs);
  }
  return tookMs;
}

/** From SIGKILL of one member until all others hold it dead. */
export function kill(run: Run, fleet: Fleet, { kills }: Repeats): Promise<Figures> {
  return killing(run, fleet, kills, 1);
}

/** From SIGKILL of a tenth of all until all others hold all of them dead. */
export function killTenth(run: Run, fleet: Fleet, { massKills }: Repeats): Promise<Figures> {
  return killing(run, fleet, massKills, Math.max(1, Math.round(fleet.members.length / 10)));
}

async function killing(run: Run, fleet: Fleet, times: number, count: number): Promise<Figures> {
  const tookMs: number[] = [];
  let falseDeaths = 0;
  for (let time = 0; time < times; time += 1) {
    await wait(settleMs, undefined, { signal: run.signal });
    const victims = chosen(fleet, count, time);
    run.say(`${fleet.program}: killing ${count}, ${time + 1} of ${times}`);
    const startedMs = performance.now();
    for (const name of victims) fleet.signal(name, "SIGKILL");
    tookMs.push(await allTold(run, fleet, victims, "dead", startedMs));
    falseDeaths += deathsOfOthers(fleet, victims, startedMs);
    await fleet.start(victims);
    await allHold(run, fleet, fleet.members);
  }
  return { ...spread("allKnow", tookMs), falseDeaths };
}

/** A member's cable is cut: no socket closes. Until all others miss it, and until all hold it dead. */
export async function cut(run: Run, fleet: Fleet, { cuts }: Repeats): Promise<Figures> {
  const missedMs: number[] = [];
  const deadMs: number[] = [];
  const missed = fleet.program === "antibody" ? "unreachable" : "dead";
  for (let time = 0; time < cuts; time += 1) {
    await wait(settleMs, undefined, { signal: run.signal });
    const [victim = ""] = chosen(fleet, 1, time);
    run.say(`${fleet.program}: cutting a cable, ${time + 1} of ${cuts}`);
    const startedMs = performance.now();
    fleet.hosts.cut(victim);
    missedMs.push(await allTold(run, fleet, [victim], missed, startedMs));
    deadMs.push(await allTold(run, fleet, [victim], "dead", startedMs));
    fleet.hosts.heal();
    await allHold(run, fleet, fleet.members);
  }
  return { ...spread("allMiss", missedMs), ...spread("allHoldDead", deadMs) };
}

/** Members are stopped and go on, again and again: how many live ones were held dead meanwhile, counted by observer. */
export async function pauses(run: Run, fleet: Fleet, { pauseCycles }: Repeats): Promise<Figures> {
  const figures: { [name: string]: number } = {};
  for (const count of [1, 4, 16]) {
    if (2 * count >= fleet.members.length) continue;
    for (const seconds of [2, 8, 16]) {
      run.say(`${fleet.program}: pausing ${count} for ${seconds} s, ${pauseCycles} times`);
      const paused = chosen(fleet, count, 0);
      const startedMs = performance.now();
      for (let cycle = 0; cycle < pauseCycles; cycle += 1) {
        for (const name of paused) fleet.signal(name, "SIGSTOP");
        await wait(seconds * 1_000, undefined, { signal: run.signal });
        for (const name of paused) fleet.signal(name, "SIGCONT");
        await wait(2_000, undefined, { signal: run.signal });
      }
      await allHold(run, fleet, fleet.members);
      const told = fleet.members.flatMap((by) => fleet.told(by, "dead", startedMs));
      figures[`dead${count}x${seconds}s`] = told.length;
      figures[`healthyDead${count}x${seconds}s`] = told.filter((name) => !paused.includes(name)).length;
    }
  }
  return figures;
}

/** A third of the members is apart for a minute, half of the times silently and half by interfaces that are down. */
export async function partition(run: Run, fleet: Fleet, { partitions }: Repeats): Promise<Figures> {
  const healedMs: number[] = [];
  let saidCutOff = 0;
  let asked = 0;
  for (let time = 0; time < partitions; time += 1) {
    const apart = chosen(fleet, Math.floor(fleet.members.length / 3), time);
    const isSilent = time % 2 === 0;
    run.say(`${fleet.program}: ${isSilent ? "a silent" : "a plain"} partition, ${time + 1} of ${partitions}`);
    if (isSilent) fleet.hosts.partition(apart);
    else for (const name of apart) fleet.hosts.take(name, "down");
    await wait(partitionMs, undefined, { signal: run.signal });
    for (const name of apart) {
      const said = await fleet.saysCutOff(name);
      if (said !== undefined) asked += 1;
      if (said === true) saidCutOff += 1;
    }
    if (isSilent) fleet.hosts.heal();
    else for (const name of apart) fleet.hosts.take(name, "up");
    const startedMs = performance.now();
    await allHold(run, fleet, fleet.members);
    healedMs.push(performance.now() - startedMs);
  }
  return {
    ...spread("oneView", healedMs),
    ...(asked === 0 ? {} : { saysCutOffShare: round(saidCutOff / asked) }),
  };
}

/** News given to one member, until the last has them; and once more while every member loses packets. */
export async function publish(run: Run, fleet: Fleet, { publishes }: Repeats): Promise<Figures> {
  run.say(`${fleet.program}: publishing ${publishes} times`);
  const { last, each, missed } = await publishing(run, fleet, publishes);
  run.say(`${fleet.program}: publishing ${publishes} times, ${lossPercent} of 100 packets lost`);
  fleet.hosts.lose(lossPercent);
  const lossy = await publishing(run, fleet, publishes).finally(() => fleet.hosts.lose(0));
  await allHold(run, fleet, fleet.members);
  return {
    ...spread("last", last),
    eachP50Ms: quantile(each, 0.5),
    missed,
    // Who misses all of them has no times.
    ...(lossy.last.length === 0 ? {} : spread("lossyLast", lossy.last)),
    lossyMissed: lossy.missed,
  };
}

interface Arrivals {
  readonly last: readonly number[];
  readonly each: readonly number[];
  readonly missed: number;
}

async function publishing(run: Run, fleet: Fleet, publishes: number): Promise<Arrivals> {
  const last: number[] = [];
  const each: number[] = [];
  let missed = 0;
  for (let time = 0; time < publishes; time += 1) {
    const tookMs = await fleet.publish(fleet.members[time % fleet.members.length] ?? "");
    await wait(400, undefined, { signal: run.signal });
    if (tookMs === undefined) missed += 1;
    else {
      last.push(Math.max(...tookMs.values()));
      each.push(...tookMs.values());
    }
  }
  return { last, each, missed };
}

/** What a member costs while nothing happens. Traffic is counted at its network interface, headers included. */
export async function idle(run: Run, fleet: Fleet): Promise<Figures> {
  run.say(`${fleet.program}: resting for a minute`);
  await wait(settleMs, undefined, { signal: run.signal });
  const look = () =>
    fleet.members.map((name) => ({ ...fleet.hosts.trafficOf(name), cpuMs: cpuMs(fleet.pidOf(name)) }));
  const [before, startedMs] = [look(), performance.now()];
  await wait(idleMs, undefined, { signal: run.signal });
  const [after, seconds] = [look(), (performance.now() - startedMs) / 1_000];
  const rates = (of: "bytes" | "packets" | "cpuMs"): number[] =>
    after.map((member, index) => (member[of] - (before[index]?.[of] ?? 0)) / seconds);
  const pss = fleet.members.map((name) => memoryMb(fleet.pidOf(name)).pss);
  return {
    bytesPerSecond: quantile(rates("bytes"), 0.5),
    packetsPerSecond: quantile(rates("packets"), 0.5),
    cpuPercent: round(quantile(rates("cpuMs"), 0.5) / 10),
    pssMb: quantile(pss, 0.5),
  };
}

/** Members in turn, but the first, whose address others begin with. */
function chosen(fleet: Fleet, count: number, time: number): readonly string[] {
  const others = fleet.members.slice(1);
  return Array.from({ length: count }, (_, index) => others[(time * count + index) % others.length] ?? "");
}

function deathsOfOthers(fleet: Fleet, victims: readonly string[], sinceMs: number): number {
  return fleet.members
    .filter((name) => !victims.includes(name))
    .flatMap((by) => fleet.told(by, "dead", sinceMs))
    .filter((name) => !victims.includes(name)).length;
}

/** Waits until all others have told a finding of all victims; when the last of them did, since a time. */
async function allTold(
  run: Run,
  fleet: Fleet,
  victims: readonly string[],
  finding: "unreachable" | "dead",
  sinceMs: number,
): Promise<number> {
  const others = fleet.members.filter((name) => !victims.includes(name));
  const toldMs = (): (number | undefined)[] =>
    others.flatMap((by) =>
      victims.map((of) => {
        const at = fleet.toldMs(by, of, finding, sinceMs);
        // Who holds it dead at once need not miss it first.
        return finding === "unreachable" ? (at ?? fleet.toldMs(by, of, "dead", sinceMs)) : at;
      }),
    );
  await waitFor(
    run,
    `all of ${fleet.program} to hold ${victims.length} ${finding}`,
    () => toldMs().every((at) => at !== undefined),
    knowWithinMs,
  );
  return Math.max(...toldMs().map((at) => (at ?? sinceMs) - sinceMs));
}

async function allHold(run: Run, fleet: Fleet, names: readonly string[]): Promise<void> {
  const lacking = new Set(fleet.members);
  await waitFor(
    run,
    `all of ${fleet.program} to hold all`,
    async () => {
      for (const name of lacking) {
        if (!(await fleet.holds(name, names))) return false;
        lacking.delete(name);
      }
      return true;
    },
    knowWithinMs,
  );
}
