import { setTimeout as wait } from "node:timers/promises";
import { form, type TestColony } from "../../test/harness/colonies.ts";
import { type Figures, quantile } from "../figures.ts";
import { bytesRead, cpuMs } from "../process.ts";
import { type Run, spinUntil } from "../run.ts";
import { fileBytes, keep } from "./promises.ts";

const fileCount = 1_000;
const sweepIntervalMs = 1_000;
/** Longer than the interval and its jitter of a tenth: by then every file is due. */
const asleepMs = 1_400;
const repeats = 10;
const lostAfterMs = 10_000;
/** The agent has finished when it has read nothing for so long. */
const quietMs = 100;

/**
 * One sweep over kept files at once. An agent spreads its looks over the interval; one that slept, as a device
 * does, finds all of them due when it wakes. It is stopped by a signal for longer than the interval, and from its
 * waking on the kernel's count of bytes that it read tells when it has read the contents of all files.
 */
export async function measureSweeps(run: Run, test: TestColony): Promise<Figures> {
  await form(test, ["alone"], "--sweep", `${sweepIntervalMs / 1_000}s`);
  const agent = test.colony.agent("alone");
  run.say(`keeping ${fileCount} files`);
  await keep(run, test, fileCount, 0);
  const tookMs: number[] = [];
  const burnedMs: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    run.say(`sweeping ${fileCount} files, ${repeat + 1} of ${repeats}`);
    agent.kill("SIGSTOP");
    await wait(asleepMs, undefined, { signal: run.signal });
    const before = { read: bytesRead(agent.pid), cpu: cpuMs(agent.pid) };
    const startedMs = performance.now();
    agent.kill("SIGCONT");
    const readAll = (): boolean => bytesRead(agent.pid) - before.read >= fileCount * fileBytes;
    const took = await spinUntil(run, startedMs, lostAfterMs, readAll);
    if (took === undefined) throw new Error(`a sweep did not read ${fileCount} files`);
    tookMs.push(took);
    await wait(quietMs, undefined, { signal: run.signal });
    burnedMs.push(cpuMs(agent.pid) - before.cpu);
  }
  return {
    sweep1000Ms: quantile(tookMs, 0.5),
    sweep1000MaxMs: quantile(tookMs, 1),
    sweep1000CpuMs: quantile(burnedMs, 0.5),
    sweep1000Samples: tookMs.length,
  };
}
