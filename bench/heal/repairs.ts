import { writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { form, type TestColony } from "../../test/harness/colonies.ts";
import { type Figures, quantile, round } from "../figures.ts";
import type { Run } from "../run.ts";
import { damageFigures, damageFiles, type KeptFile, killProcesses, textOf } from "./damage.ts";
import { keep } from "./promises.ts";

const fileCount = 1_000;
const processCount = 50;
/** Files damaged one by one, each another one: repeats on one file would count as a fight. */
const filesDamaged = 300;
/** Kills of each process; more than ten a minute would count as a fight. */
const killsEach = 2;
const allBrokenRepeats = 5;
const lostAfterMs = 10_000;
/** Between two looks at 1,000 files, which take the time of about two of these. */
const lookEveryMs = 5;

/** One agent alone. Its sweep is ten minutes away, so that it cannot help. */
export async function measureRepairs(run: Run, test: TestColony): Promise<Figures> {
  await form(test, ["alone"], "--sweep", "10m");
  run.say(`keeping ${fileCount} files and ${processCount} processes`);
  const { files, processes } = await keep(run, test, fileCount, processCount);
  run.say(`damaging ${filesDamaged} files, one after the other`);
  const damaged = await damageFiles(files.slice(0, filesDamaged), { run, lostAfterMs });
  run.say(`killing ${processCount} processes ${killsEach} times, one after the other`);
  const kills = Array.from({ length: killsEach }, () => processes).flat();
  const killed = await killProcesses(kills, { run, lostAfterMs });
  const brokenMs: number[] = [];
  let lost = damaged.lostDrifts + killed.lostDrifts;
  for (let repeat = 0; repeat < allBrokenRepeats; repeat += 1) {
    run.say(`breaking all ${fileCount} files at once, ${repeat + 1} of ${allBrokenRepeats}`);
    const all = await breakAll(run, files);
    brokenMs.push(all.tookMs);
    lost += all.lost;
    await wait(1_000, undefined, { signal: run.signal });
  }
  return {
    ...damageFigures("file", damaged),
    ...damageFigures("process", killed),
    broken1000Ms: quantile(brokenMs, 0.5),
    broken1000MaxMs: quantile(brokenMs, 1),
    lostDrifts: lost,
  };
}

/** From the first file broken to the last one repaired; breaking them is part of it. */
async function breakAll(run: Run, files: readonly KeptFile[]): Promise<{ tookMs: number; lost: number }> {
  const startedMs = performance.now();
  for (const { path } of files) writeFileSync(path, "damaged\n");
  let broken = files;
  while (broken.length > 0 && performance.now() - startedMs < lostAfterMs) {
    broken = broken.filter(({ path, content }) => textOf(path) !== content);
    if (broken.length > 0) await wait(lookEveryMs, undefined, { signal: run.signal });
  }
  return { tookMs: round(performance.now() - startedMs), lost: broken.length };
}
