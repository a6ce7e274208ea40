import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { type Figures, quantile, round, spread } from "../figures.ts";
import { type Run, spinUntil } from "../run.ts";

/** A file that somebody promised to keep. */
export interface KeptFile {
  readonly path: string;
  readonly content: string;
}

/** A process that somebody promised to keep: whenever it starts it writes its pid there. */
export interface KeptProcess {
  readonly pidFile: string;
}

const allBrokenRepeats = 5;
/** Between two looks at 1,000 files, which take the time of about two of these. */
const lookEveryMs = 5;
/** Between two damages, so that each starts from rest. */
const restMs = 60;

/** How damage is done and how long it is waited for. */
export interface DamageOptions {
  readonly run: Run;
  /** Longer than this without any repair is a lost drift. */
  readonly lostAfterMs: number;
}

/** Samples, and how many damages were never repaired. */
export interface Damaged {
  readonly samplesMs: readonly number[];
  readonly lostDrifts: number;
}

/** Overwrites the files one after the other, and looks at each as often as it can until it is right again. */
export async function damageFiles(files: readonly KeptFile[], options: DamageOptions): Promise<Damaged> {
  return eachInTurn(files, options, ({ path, content }) => {
    writeFileSync(path, "damaged\n");
    return () => textOf(path) === content;
  });
}

/** Kills the processes one after the other, and looks for each one's new pid until that process runs. */
export async function killProcesses(
  processes: readonly KeptProcess[],
  options: DamageOptions,
): Promise<Damaged> {
  return eachInTurn(processes, options, ({ pidFile }) => {
    const before = textOf(pidFile);
    process.kill(pidOf(before), "SIGKILL");
    return () => {
      const now = textOf(pidFile);
      return now.endsWith("\n") && now !== before;
    };
  });
}

/** The figures of damaged things under a name. */
export function damageFigures(name: string, { samplesMs }: Damaged): Figures {
  return samplesMs.length === 0 ? {} : spread(name, samplesMs);
}

/** A file's text; empty when there is none. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Never 0 or less: those name groups, ours included. */
function pidOf(text: string): number {
  const pid = Number(text);
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error(`no pid: ${JSON.stringify(text)}`);
  return pid;
}

async function eachInTurn<Thing>(
  things: readonly Thing[],
  { run, lostAfterMs }: DamageOptions,
  damage: (thing: Thing) => () => boolean,
): Promise<Damaged> {
  const samplesMs: number[] = [];
  let lostDrifts = 0;
  for (const thing of things) {
    const startedMs = performance.now();
    const tookMs = await spinUntil(run, startedMs, lostAfterMs, damage(thing));
    if (tookMs === undefined) lostDrifts += 1;
    else samplesMs.push(tookMs);
    await wait(restMs, undefined, { signal: run.signal });
  }
  return { samplesMs, lostDrifts };
}

/** Breaks all files at once, some times; how long it took until the last was repaired, and how many never were. */
export async function breakAllAgain(
  run: Run,
  files: readonly KeptFile[],
  lostAfterMs: number,
): Promise<{ readonly figures: Figures; readonly lost: number }> {
  const samplesMs: number[] = [];
  let lost = 0;
  for (let repeat = 0; repeat < allBrokenRepeats; repeat += 1) {
    run.say(`breaking all ${files.length} files at once, ${repeat + 1} of ${allBrokenRepeats}`);
    const all = await breakAll(run, files, lostAfterMs);
    samplesMs.push(all.tookMs);
    lost += all.lost;
    await wait(1_000, undefined, { signal: run.signal });
  }
  const figures = { broken1000Ms: quantile(samplesMs, 0.5), broken1000MaxMs: quantile(samplesMs, 1) };
  return { figures, lost };
}

/**
 * From the first file broken to the last one repaired; breaking them is part of it. As long as one is repaired after
 * the other, the rest are waited for: an agent that gets little of a busy machine is slow, and loses nothing.
 */
async function breakAll(
  run: Run,
  files: readonly KeptFile[],
  lostAfterMs: number,
): Promise<{ readonly tookMs: number; readonly lost: number }> {
  const startedMs = performance.now();
  for (const { path } of files) writeFileSync(path, "damaged\n");
  let broken = files;
  let repairedMs = performance.now();
  while (broken.length > 0 && performance.now() - repairedMs < lostAfterMs) {
    const still = broken.filter(({ path, content }) => textOf(path) !== content);
    if (still.length < broken.length) repairedMs = performance.now();
    broken = still;
    if (broken.length > 0) await wait(lookEveryMs, undefined, { signal: run.signal });
  }
  return { tookMs: round(performance.now() - startedMs), lost: broken.length };
}
