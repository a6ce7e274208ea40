import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Figures } from "../figures.ts";
import { type Unpacked, whileRunning } from "../peers/debian.ts";
import { type Run, waitFor } from "../run.ts";
import { breakAllAgain, damageFigures, damageFiles, killProcesses, textOf } from "./damage.ts";
import { ratesHeld } from "./poisson.ts";
import type { Stage } from "./stage.ts";

const filesDamaged = 30;
const lostAfterMs = 30_000;

/** monit looking every second: a file's digest and a copy where it differs, a process by its pid file. */
export async function monit(run: Run, { program, env, version }: Unpacked, stage: Stage): Promise<Figures> {
  const config = join(stage.directory, "monitrc");
  writeFileSync(config, configOf(stage), { mode: 0o600 });
  return whileRunning(run, [program("usr/bin/monit"), "-I", "-c", config], env, async () => {
    await waitFor(run, "monit to start its processes", () =>
      stage.processes.every(({ pidFile }) => textOf(pidFile) !== ""),
    );
    await wait(5_000, undefined, { signal: run.signal });
    run.say(`monit: damaging ${filesDamaged} files and killing ${stage.processes.length} processes`);
    const files = await damageFiles(stage.files.slice(0, filesDamaged), { run, lostAfterMs });
    const processes = await killProcesses(stage.processes, { run, lostAfterMs });
    const all = await breakAllAgain(run, stage.files, lostAfterMs);
    const held = await ratesHeld(run, stage);
    return {
      version,
      ...damageFigures("file", files),
      ...damageFigures("process", processes),
      ...all.figures,
      lostDrifts: files.lostDrifts + processes.lostDrifts + all.lost,
      ...held,
    };
  });
}

function configOf(stage: Stage): string {
  const head = [
    "set daemon 1",
    `set idfile ${join(stage.directory, "monit.id")}`,
    `set statefile ${join(stage.directory, "monit.state")}`,
    `set pidfile ${join(stage.directory, "monit.pid")}`,
  ];
  const files = stage.files.map(({ path, content }, index) => {
    const digest = createHash("sha1").update(content).digest("hex");
    const repair = `/bin/cp ${stage.sourceOf(index)} ${path}`;
    // With no word on repeats, monit runs a program once for each change of state only.
    return `check file file-${index} with path ${path}\n  if failed sha1 checksum and expect the sum ${digest} then exec "${repair}" repeat every 1 cycles`;
  });
  const processes = stage.processes.map(({ pidFile }, index) => {
    const start = `/bin/sh -c 'exec setsid ${stage.workerOf(index)} >/dev/null 2>&1 &'`;
    return `check process worker-${index} with pidfile ${pidFile}\n  start program = "${start}"`;
  });
  return `${[...head, ...files, ...processes].join("\n")}\n`;
}
