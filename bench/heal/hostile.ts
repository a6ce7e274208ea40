import { spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { form, type TestColony } from "../../test/harness/colonies.ts";
import { type Figures, quantile, round } from "../figures.ts";
import { cpuMs } from "../process.ts";
import { type Run, waitFor } from "../run.ts";
import { damageFiles } from "./damage.ts";
import { keep } from "./promises.ts";

const fileCount = 100;
/** Of other files than the one that is fought over, before and during the fight. */
const filesDamaged = 40;
const lostAfterMs = 10_000;
/** How long the agent's processor is counted, once the fight is seen. */
const countedMs = 10_000;

/** A writer that overwrites one file as fast as it can, beside other files in the same directory. */
export async function measureHostile(run: Run, test: TestColony): Promise<Figures> {
  await form(test, ["alone"], "--sweep", "10m");
  const agent = test.colony.agent("alone");
  const { files } = await keep(run, test, fileCount, 0);
  const [fought, ...others] = files;
  if (fought === undefined) throw new Error("there is a file to fight over");
  const options = { run, lostAfterMs };
  const calm = await damageFiles(others.slice(0, filesDamaged), options);
  const program =
    "const fs = require('fs'); for (let n = 0; ; n++) fs.writeFileSync(process.argv[1], n + ' theirs')";
  const writer = spawn(process.execPath, ["-e", program, fought.path], { stdio: "ignore" });
  const view = async () =>
    (await agent.inspect()).resources.find(({ resource }) => resource === "file:/etc/file-0");
  try {
    run.say("a writer at full speed on one file");
    await waitFor(run, "the fight to be seen", async () => (await view())?.phase === "contested");
    const before = { cpuMs: cpuMs(agent.pid), atMs: performance.now() };
    await wait(countedMs, undefined, { signal: run.signal });
    const percent = (100 * (cpuMs(agent.pid) - before.cpuMs)) / (performance.now() - before.atMs);
    const fight = await damageFiles(others.slice(filesDamaged, 2 * filesDamaged), options);
    const seen = await view();
    return {
      calmFileP50Ms: quantile(calm.samplesMs, 0.5),
      hostileFileP50Ms: quantile(fight.samplesMs, 0.5),
      hostileCpuPercent: round(percent),
      hostileRepairs: seen?.repairs ?? 0,
      hostileNamed: seen?.why.startsWith(`process ${writer.pid} (`) === true ? "yes" : "no",
    };
  } finally {
    writer.kill("SIGKILL");
  }
}
