import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Figures } from "../figures.ts";
import { type Unpacked, whileRunning } from "../peers/debian.ts";
import { type Run, waitFor } from "../run.ts";
import { damageFigures, killProcesses, textOf } from "./damage.ts";
import { ratesHeld } from "./poisson.ts";
import type { Stage } from "./stage.ts";

const killsEach = 3;
const lostAfterMs = 20_000;
/** runsv waits a second after a start before it starts again: kills come later than that. */
const settledMs = 1_500;

/** runit keeps processes only. */
export async function runit(run: Run, { program, env, version }: Unpacked, stage: Stage): Promise<Figures> {
  const services = join(stage.directory, "services");
  for (const index of stage.processes.keys()) {
    mkdirSync(join(services, `worker-${index}`), { recursive: true });
    symlinkSync(stage.workerOf(index), join(services, `worker-${index}`, "run"));
  }
  const runsvdir = program("usr/bin/runsvdir");
  const path = { ...env, PATH: `${dirname(runsvdir)}:${env["PATH"] ?? ""}` };
  const measure = async (): Promise<Figures> => {
    await waitFor(run, "runit to start its services", () =>
      stage.processes.every(({ pidFile }) => textOf(pidFile) !== ""),
    );
    const samplesMs: number[] = [];
    let lostDrifts = 0;
    for (let round = 0; round < killsEach; round += 1) {
      run.say(`runit: killing ${stage.processes.length} processes, ${round + 1} of ${killsEach}`);
      await wait(settledMs, undefined, { signal: run.signal });
      const killed = await killProcesses(stage.processes, { run, lostAfterMs });
      samplesMs.push(...killed.samplesMs);
      lostDrifts += killed.lostDrifts;
    }
    await wait(settledMs, undefined, { signal: run.signal });
    const held = await ratesHeld(run, { files: [], processes: stage.processes });
    return { version, ...damageFigures("process", { samplesMs, lostDrifts }), lostDrifts, ...held };
  };
  // Of this signal runsvdir ends what it runs; of any other, itself only.
  return whileRunning(run, [runsvdir, services], path, measure, "SIGHUP");
}
