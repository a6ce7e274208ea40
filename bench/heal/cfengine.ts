import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Figures, quantile } from "../figures.ts";
import { type Unpacked, whileRunning } from "../peers/debian.ts";
import { type Run, waitFor } from "../run.ts";
import { breakAllAgain, damageFigures, damageFiles, killProcesses, textOf } from "./damage.ts";
import { ratesHeld } from "./poisson.ts";
import type { Stage } from "./stage.ts";

const filesDamaged = 30;
const passes = 10;
const loopLostAfterMs = 30_000;
/** By default cf-execd runs cf-agent every five minutes, and waits up to four more so that hosts spread. */
const pulseMs = 300_000;
const pulseLostAfterMs = 600_000;
/** Damages of the default are spread over one pulse. */
const damagesInPulse = 30;

const programs = ["cf-agent", "cf-promises", "cf-execd", "cf-key"] as const;

/** A working directory of CFEngine's own, and how to run it there. */
interface Workplace {
  readonly agent: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly policy: string;
  readonly execd: string;
}

/** `cf-agent -K`, without its locks, in a loop with a second's sleep; and how long one pass takes. */
export async function cfengineLoop(run: Run, unpacked: Unpacked, stage: Stage): Promise<Figures> {
  const place = prepare(unpacked, stage);
  const pass = (): number => {
    const startedMs = performance.now();
    const [file = "", ...args] = place.agent;
    execFileSync(file, args, { env: place.env, stdio: "ignore" });
    return performance.now() - startedMs;
  };
  pass();
  run.say(`cf-agent: ${passes} passes over kept files, then over broken ones`);
  const kept = Array.from({ length: passes }, pass);
  const broken = Array.from({ length: passes }, () => {
    for (const { path } of stage.files) writeFileSync(path, "damaged\n");
    return pass();
  });
  const wrong = stage.files.filter(({ path, content }) => textOf(path) !== content).length;
  if (wrong > 0) throw new Error(`a pass of cf-agent left ${wrong} files broken`);
  const loop = ["/bin/sh", "-c", `while true; do ${place.agent.join(" ")}; sleep 1; done`];
  return whileRunning(run, loop, place.env, async () => {
    run.say(
      `cf-agent in a loop: damaging ${filesDamaged} files and killing ${stage.processes.length} processes`,
    );
    const files = await damageFiles(stage.files.slice(0, filesDamaged), {
      run,
      lostAfterMs: loopLostAfterMs,
    });
    const processes = await killProcesses(stage.processes, { run, lostAfterMs: loopLostAfterMs });
    const all = await breakAllAgain(run, stage.files, loopLostAfterMs);
    const held = await ratesHeld(run, stage);
    return {
      version: unpacked.version,
      ...damageFigures("file", files),
      ...damageFigures("process", processes),
      ...all.figures,
      lostDrifts: files.lostDrifts + processes.lostDrifts + all.lost,
      sweep1000Ms: quantile(kept, 0.5),
      sweep1000MaxMs: quantile(kept, 1),
      brokenPass1000Ms: quantile(broken, 0.5),
      ...held,
    };
  });
}

/** cf-execd as it comes: it runs cf-agent every five minutes. Damages are spread over one pulse. */
export async function cfengineDefault(run: Run, unpacked: Unpacked, stage: Stage): Promise<Figures> {
  const place = prepare(unpacked, stage);
  const [file = "", ...args] = place.agent;
  execFileSync(file, args, { env: place.env, stdio: "ignore" });
  await workersRun(run, stage);
  return whileRunning(run, [place.execd, "--no-fork"], place.env, async () => {
    run.say(`cfengine3 as it comes: damage over ${pulseMs / 60_000} minutes, then up to one more pulse`);
    const options = { run, lostAfterMs: pulseLostAfterMs };
    const spread = async <Value>(index: number, act: () => Promise<Value>): Promise<Value> => {
      await wait((index * pulseMs) / damagesInPulse, undefined, { signal: run.signal });
      return act();
    };
    const files = Array.from({ length: damagesInPulse }, (_, index) =>
      spread(index, () => damageFiles(stage.files.slice(index, index + 1), options)),
    );
    const processes = stage.processes.map((each, index) =>
      spread((index * damagesInPulse) / stage.processes.length, () => killProcesses([each], options)),
    );
    const [healed, started] = await Promise.all([Promise.all(files), Promise.all(processes)]);
    const samples = (all: typeof healed): number[] => all.flatMap(({ samplesMs }) => [...samplesMs]);
    return {
      version: unpacked.version,
      ...damageFigures("file", { samplesMs: samples(healed), lostDrifts: 0 }),
      ...damageFigures("process", { samplesMs: samples(started), lostDrifts: 0 }),
      lostDrifts: [...healed, ...started].reduce((sum, { lostDrifts }) => sum + lostDrifts, 0),
    };
  });
}

async function workersRun(run: Run, stage: Stage): Promise<void> {
  await waitFor(run, "processes to start", () =>
    stage.processes.every(({ pidFile }) => textOf(pidFile) !== ""),
  );
}

function prepare({ program, env }: Unpacked, stage: Stage): Workplace {
  const work = join(stage.directory, "cfengine");
  for (const name of ["bin", "inputs", "ppkeys", "state", "outputs", "modules", "lastseen", "reports"]) {
    mkdirSync(join(work, name), { recursive: true, mode: 0o700 });
  }
  for (const name of programs) symlinkSync(program(`usr/bin/${name}`), join(work, "bin", name));
  const policy = join(work, "inputs", "promises.cf");
  writeFileSync(policy, policyOf(stage), { mode: 0o600 });
  const environment = { ...env, CFENGINE_TEST_OVERRIDE_WORKDIR: work };
  execFileSync(join(work, "bin", "cf-key"), [], { env: environment, stdio: "ignore" });
  const agent = [join(work, "bin", "cf-agent"), "-K", "-f", policy];
  return { agent, env: environment, policy, execd: join(work, "bin", "cf-execd") };
}

function policyOf(stage: Stage): string {
  return `body common control { bundlesequence => { "keep" }; }
bundle agent keep
{
  vars:
    "file" slist => expandrange("[0-${stage.files.length - 1}]", 1);
    "worker" slist => expandrange("[0-${stage.processes.length - 1}]", 1);
  files:
    "${stage.directory}/etc/file-$(file)" copy_from => exact("${stage.directory}/src/file-$(file)");
  processes:
${stage.processes
  .map((_, index) => `    "sleep ${stage.argumentOf(index)}" restart_class => "lost_${index}";`)
  .join("\n")}
  commands:
${stage.processes
  .map(
    (_, index) => `    lost_${index}:: "setsid ${stage.workerOf(index)} >/dev/null 2>&1 &" contain => shell;`,
  )
  .join("\n")}
}
body copy_from exact(from) { source => "$(from)"; compare => "digest"; copy_backup => "false"; }
body contain shell { useshell => "useshell"; }
`;
}
