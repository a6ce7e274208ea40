import { form, type TestColony } from "../../test/harness/colonies.ts";
import type { Figures } from "../figures.ts";
import type { Run } from "../run.ts";
import { breakAllAgain, damageFigures, damageFiles, killProcesses } from "./damage.ts";
import { keep } from "./promises.ts";

const fileCount = 1_000;
const processCount = 50;
/** Files damaged one by one, each another one: repeats on one file would count as a fight. */
const filesDamaged = 300;
/** Kills of each process; more than ten a minute would count as a fight. */
const killsEach = 2;
const lostAfterMs = 10_000;

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
  const all = await breakAllAgain(run, files, lostAfterMs);
  const lost = damaged.lostDrifts + killed.lostDrifts + all.lost;
  return {
    ...damageFigures("file", damaged),
    ...damageFigures("process", killed),
    ...all.figures,
    lostDrifts: lost,
  };
}
