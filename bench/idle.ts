import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Launcher } from "../packages/cli/src/demo/command.ts";
import { serviceEnvironment } from "../packages/cli/src/service/unit.ts";
import { form, type TestColony } from "../test/harness/colonies.ts";
import { type Figures, type Outcome, quantile, round, spreadOf } from "./figures.ts";
import { publishPromises } from "./policySource.ts";
import { bytesStored, cpuMs, type MemoryMb, memoryMb } from "./process.ts";
import { agentNames, type Run, shipped, spinUntil, waitFor, withColony } from "./run.ts";

const peerCount = 10;
/** After the swarm has formed and has been told policy: what follows is rest. */
const settleMs = 30_000;
const windowMs = 60_000;
/** The window is looked at in so many pieces; each is a sample. */
const pieces = 12;
const journalLookMs = 50;
const starts = 20;
const startLostAfterMs = 20_000;
const healedPath = "/etc/motd";
const healedContent = "healed\n";

/**
 * One agent at rest with 10 peers. The peers run from a copy of its files: pages that processes share are counted
 * in parts by PSS, and a device has one agent only.
 */
export async function idle(run: Run): Promise<Outcome> {
  const { launcher: bare, called, files } = shipped();
  const launcher = asService(bare);
  run.say(`measuring ${called}`);
  const names = agentNames(peerCount + 1);
  const measured = names[1] ?? "";
  let copy: Launcher | undefined;
  const launcherOf = (name: string, directory: string): Launcher => {
    if (copy === undefined) {
      copy = copyOf(launcher, files, directory);
      for (const file of files) leaveCache(file);
    }
    return name === measured ? launcher : copy;
  };
  return withColony(
    run,
    async (test) => {
      await form(test, names);
      await publishPromises(
        test,
        new Map([[`file:${healedPath}`, `{ content: ${JSON.stringify(healedContent)} }`]]),
      );
      const agent = test.colony.agent(measured);
      await waitFor(run, "policy to arrive", async () => (await agent.read(healedPath)) === healedContent);
      const rest = await measureRest(run, test, measured);
      const started = await measureStarts(run, test, measured);
      return { figures: { measured: called, peers: peerCount, ...rest, ...started } };
    },
    launcherOf,
  );
}

/** What the environment of the bench tells Node and no unit does: certificates to be read at each start. */
const withoutOwn = ["-u", "NODE_EXTRA_CA_CERTS", "-u", "NODE_OPTIONS"];

/** As its unit starts it: env becomes the agent, so that it is the process that is measured. */
function asService({ file, args }: Launcher): Launcher {
  const settings = Object.entries(serviceEnvironment).map(([name, value]) => `${name}=${value}`);
  return { file: "/usr/bin/env", args: [...withoutOwn, ...settings, file, ...args] };
}

/** The same executable and bundle as files of their own. */
function copyOf(launcher: Launcher, files: readonly string[], directory: string): Launcher {
  const place = join(directory, "copy");
  mkdirSync(place, { recursive: true });
  const copied = (file: string): string => {
    if (!files.includes(file)) return file;
    const target = join(place, basename(file));
    copyFileSync(file, target);
    return target;
  };
  return { file: copied(launcher.file), args: launcher.args.map(copied) };
}

/**
 * Has the kernel forget what it holds of a file, as after a boot. What was read or written in one go lies in its cache
 * in pieces of up to 2 MB, and it maps a whole piece where one byte of it is touched (`FilePmdMapped` in proc(5)).
 */
function leaveCache(file: string): void {
  execFileSync("sync", ["--data", file]);
  execFileSync("dd", [`if=${file}`, "iflag=nocache", "count=0", "of=/dev/null"], { stdio: "ignore" });
}

async function measureRest(run: Run, test: TestColony, name: string): Promise<Figures> {
  run.say(`letting it rest for ${settleMs / 1_000} s, then looking for ${windowMs / 1_000} s`);
  await wait(settleMs, undefined, { signal: run.signal });
  const { pid } = test.colony.agent(name);
  const journal = countChanges(join(test.colony.stateOf(name)));
  const storedBefore = bytesStored(pid);
  const cpuPercents: number[] = [];
  const memory: MemoryMb[] = [];
  const pieceMs = windowMs / pieces;
  const beginMs = performance.now();
  const beginCpuMs = cpuMs(pid);
  for (let piece = 0; piece < pieces; piece += 1) {
    const [startedMs, startedCpuMs] = [performance.now(), cpuMs(pid)];
    await wait(pieceMs, undefined, { signal: run.signal });
    cpuPercents.push((100 * (cpuMs(pid) - startedCpuMs)) / (performance.now() - startedMs));
    memory.push(memoryMb(pid));
  }
  const minutes = (performance.now() - beginMs) / 60_000;
  const changes = journal.end();
  return {
    rssMb: quantile(
      memory.map(({ rss }) => rss),
      0.5,
    ),
    pssMb: quantile(
      memory.map(({ pss }) => pss),
      0.5,
    ),
    anonMb: quantile(
      memory.map(({ anon }) => anon),
      0.5,
    ),
    anonMaxMb: quantile(
      memory.map(({ anon }) => anon),
      1,
    ),
    pieceMappedMb: quantile(
      memory.map(({ pieceMapped }) => pieceMapped),
      0.5,
    ),
    cpuPercent: round((cpuMs(pid) - beginCpuMs) / (600 * minutes)),
    cpuP50Percent: quantile(cpuPercents, 0.5),
    cpuMaxPercent: quantile(cpuPercents, 1),
    journalWritesPerMin: round(changes / minutes),
    storedBytesPerMin: round((bytesStored(pid) - storedBefore) / minutes),
  };
}

/** Counts how often the journal's files were seen changed: in size, or in their time of change. */
function countChanges(directory: string): { end(): number } {
  const look = (): string =>
    readdirSync(directory)
      .filter((name) => name.includes(".db"))
      .sort()
      .map((name) => {
        const { size, mtimeNs } = statSync(join(directory, name), { bigint: true });
        return `${name} ${size} ${mtimeNs}`;
      })
      .join("\n");
  let before = look();
  if (before === "") throw new Error(`no journal in ${directory}`);
  let changes = 0;
  const timer = setInterval(() => {
    const now = look();
    if (now !== before) changes += 1;
    before = now;
  }, journalLookMs);
  return {
    end: () => {
      clearInterval(timer);
      return changes;
    },
  };
}

/** From spawning the process to a file repaired that was damaged while it did not run; its peers run on. */
async function measureStarts(run: Run, test: TestColony, name: string): Promise<Figures> {
  const { colony } = test;
  const path = join(colony.rootOf(name), healedPath);
  const samplesMs: number[] = [];
  for (let start = 0; start < starts; start += 1) {
    run.say(`starting it over a damaged file, ${start + 1} of ${starts}`);
    await colony.agent(name).end();
    writeFileSync(path, "damaged\n");
    const startedMs = performance.now();
    const started = colony.start(name);
    const repaired = spinUntil(
      run,
      startedMs,
      startLostAfterMs,
      () => readFileSync(path, "utf8") === healedContent,
    );
    const [tookMs] = await Promise.all([repaired, started]);
    if (tookMs === undefined) throw new Error("a file was not repaired after the start");
    samplesMs.push(tookMs);
  }
  return spreadOf("startToFirstRepair", "Ms", samplesMs);
}
