import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { form, type TestColony } from "../../test/harness/colonies.ts";
import { type Figures, round } from "../figures.ts";
import { type Run, waitFor } from "../run.ts";
import { type KeptFile, type KeptProcess, textOf } from "./damage.ts";
import { keep } from "./promises.ts";

/** Broken for this share of the time, in percent, things still count as kept. */
const brokenPercentMax = 1;
/** Damage of each rate goes on for so long. */
const spanMs = 8_000;
const tickMs = 1;
/** Looks at something picked by chance, in each tick: a share of 1% is then known to a tenth of itself. */
const looksPerTick = 2;
/** Rates that are tried, in damages a second: each twice the one before. */
const fileRates = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024] as const;
const processRates = [0.5, 1, 2, 4, 8, 16, 32] as const;
const mendedWithinMs = 60_000;

/** Where the search begins: each rate that is tried takes its span, so it begins near what was found before. */
export interface NearRates {
  readonly files: (typeof fileRates)[number];
  readonly processes: (typeof processRates)[number];
}

/** What an agent held on a quiet machine. */
const nearOfAgent: NearRates = { files: 512, processes: 4 };
/** What others held that look once a second. */
const nearOfOthers: NearRates = { files: 8, processes: 0.5 };

/** Things that can be broken by chance. */
interface Breakable {
  readonly count: number;
  break(index: number): void;
  isBroken(index: number): boolean;
}

/** The same number of files and processes as the others keep. */
const fileCount = 1_000;
const processCount = 20;

/** The highest rates of damage by chance that one agent holds. */
export async function measurePoisson(run: Run, test: TestColony): Promise<Figures> {
  await form(test, ["alone"], "--sweep", "10m");
  const { files, processes } = await keep(run, test, fileCount, processCount);
  return ratesHeld(run, { files, processes }, nearOfAgent);
}

/** The same of whoever keeps these; of nothing where there are no files, or no processes. */
export async function ratesHeld(
  run: Run,
  { files, processes }: { readonly files: readonly KeptFile[]; readonly processes: readonly KeptProcess[] },
  near: NearRates = nearOfOthers,
): Promise<Figures> {
  const ofFiles = { rates: fileRates, near: near.files };
  const ofProcesses = { rates: processRates, near: near.processes };
  return {
    ...(files.length === 0 ? {} : await rateHeld(run, "poisson", breakableFiles(files), ofFiles)),
    ...(processes.length === 0
      ? {}
      : await rateHeld(run, "poissonKill", breakableProcesses(processes), ofProcesses)),
  };
}

function breakableFiles(files: readonly KeptFile[]): Breakable {
  return {
    count: files.length,
    break: (index) => writeFileSync(files[index]?.path ?? "", "damaged\n"),
    isBroken: (index) => textOf(files[index]?.path ?? "") !== files[index]?.content,
  };
}

function breakableProcesses(processes: readonly KeptProcess[]): Breakable {
  const pidOf = (index: number): number => Number(textOf(processes[index]?.pidFile ?? ""));
  return {
    count: processes.length,
    break: (index) => {
      const pid = pidOf(index);
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    },
    isBroken: (index) => !isAlive(pidOf(index)),
  };
}

/** Never 0 or less: those name groups, ours included. What only waits for its parent is dead. */
function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 1) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^[ZX]$/.test(stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3));
  } catch {
    return false;
  }
}

/** A rate, and the share of looks at it that found things broken, in percent. */
interface Tried {
  readonly rate: number;
  readonly percent: number;
}

/** The highest rate that is held, and the one above it: upwards from the near one, or downwards from it. */
async function rateHeld(
  run: Run,
  name: string,
  things: Breakable,
  { rates, near }: { readonly rates: readonly number[]; readonly near: number },
): Promise<Figures> {
  let held: Tried = { rate: 0, percent: 0 };
  let next: Tried | undefined;
  for (let at = rates.indexOf(near); at >= 0 && at < rates.length; ) {
    const tried = await tryRate(run, name, things, rates[at] ?? 0);
    if (tried.percent > brokenPercentMax) {
      next = tried;
      if (held.rate > 0) break;
      at -= 1;
    } else {
      held = tried;
      if (next !== undefined) break;
      at += 1;
    }
  }
  return {
    [`${name}RateHeld`]: held.rate,
    [`${name}BrokenPercent`]: held.percent,
    ...(next === undefined
      ? {}
      : { [`${name}NextRate`]: next.rate, [`${name}NextBrokenPercent`]: next.percent }),
  };
}

/** Waits until all is mended before, so that no rate pays for the one tried before it. */
async function tryRate(run: Run, name: string, things: Breakable, rate: number): Promise<Tried> {
  const isMended = (): boolean =>
    Array.from({ length: things.count }, (_, index) => things.isBroken(index)).every((broken) => !broken);
  await waitFor(run, "all to be mended", isMended, mendedWithinMs);
  run.say(`${name}: damage by chance, ${rate} a second`);
  return { rate, percent: round(100 * (await brokenShare(run, things, rate))) };
}

/** The share of looks, at things picked by chance all the while, that found them broken. */
async function brokenShare(run: Run, things: Breakable, ratePerSecond: number): Promise<number> {
  const startMs = performance.now();
  const pick = (): number => Math.floor(Math.random() * things.count);
  const gapMs = (): number => (-Math.log(1 - Math.random()) * 1_000) / ratePerSecond;
  let looks = 0;
  let broken = 0;
  let nextMs = startMs + gapMs();
  for (let nowMs = startMs; nowMs - startMs < spanMs; nowMs = performance.now()) {
    for (; nextMs <= nowMs; nextMs += gapMs()) things.break(pick());
    await wait(tickMs, undefined, { signal: run.signal });
    for (let look = 0; look < looksPerTick; look += 1) {
      looks += 1;
      if (things.isBroken(pick())) broken += 1;
    }
  }
  return broken / looks;
}
