// A temporary directory of a task's own: by it everything is found that the task has left on this machine. Programs
// that it starts inherit TMPDIR, and a network that it makes leaves a file with its name there while it stands.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** How long what was told to end may take to be gone. */
const endingMsMax = 10_000;
const lookEveryMs = 50;
/** What Node keeps there itself, for the next program. */
const nodesOwn = "node-compile-cache";
/** Where killed agents leave their recordings; by the file with this name in each it is known whose state it was of. */
const sharedMemory = "/dev/shm";
const makerFile = "maker.json";
/** Begins the name of the file that stands for a network; the first letters of all its names follow. */
const networkFile = "antibody-net-";

export function makeScratch() {
  const directory = mkdtempSync(join(tmpdir(), "antibody-run-"));
  // As /tmp is: what runs as another user has its files there too.
  chmodSync(directory, 0o1777);
  return directory;
}

/**
 * Ends and removes all that is left of a task, and the directory.
 * Returns a line for each thing that the task should have taken away itself.
 */
export async function clearScratch(directory) {
  const running = await whatGoesOnRunning(directory);
  const files = readdirSync(directory).filter((name) => name !== nodesOwn);
  const processes = running.map((pid) => `process ${pid}: ${commandOf(pid)}`);
  await end(directory, running);
  for (const name of files.filter((file) => file.startsWith(networkFile)))
    removeNetwork(name.slice(networkFile.length));
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  for (const recording of recordingsOf(directory)) rmSync(recording, { recursive: true, force: true });
  return [...processes, ...files.map((name) => join(directory, name))];
}

/** Processes of the task that are there after all that was about to end has ended. */
async function whatGoesOnRunning(directory) {
  const endMs = performance.now() + endingMsMax;
  for (;;) {
    const pids = processesOf(directory);
    if (pids.length === 0 || performance.now() >= endMs) return pids;
    await wait(lookEveryMs);
  }
}

async function end(directory, pids) {
  for (const signal of ["SIGCONT", "SIGTERM"]) for (const pid of pids) kill(pid, signal);
  if (pids.length > 0) for (const pid of await whatGoesOnRunning(directory)) kill(pid, "SIGKILL");
}

/** Whose environment, command, directory or root names the scratch directory. */
function processesOf(directory) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.map(Number).filter((pid) => {
    // Of a process of another user, or one that just ended, nothing is to be read.
    const says = (read) => attempt(read)?.includes(directory) === true;
    return (
      ["environ", "cmdline"].some((name) => says(() => readFileSync(`/proc/${pid}/${name}`, "utf8"))) ||
      ["cwd", "root"].some((name) => says(() => readlinkSync(`/proc/${pid}/${name}`)))
    );
  });
}

function commandOf(pid) {
  return (attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "").replaceAll("\0", " ").trim();
}

/** What agents of the task have left in memory because they were killed, as they should. */
function recordingsOf(directory) {
  const names = attempt(() => readdirSync(sharedMemory)) ?? [];
  const paths = names.filter((name) => name.startsWith("antibody-")).map((name) => join(sharedMemory, name));
  return paths.filter((path) =>
    attempt(() => readFileSync(join(path, makerFile), "utf8"))?.includes(directory),
  );
}

/** Its namespaces, with all the ends of its cables, and its bridges. */
function removeNetwork(prefix) {
  const own = new RegExp(`^${prefix}[a-z]\\d+$`);
  const names = (directory) => attempt(() => readdirSync(directory))?.filter((name) => own.test(name)) ?? [];
  for (const name of names("/sys/class/net")) spawnSync("ip", ["link", "del", name], { stdio: "ignore" });
  for (const name of names("/run/netns")) spawnSync("ip", ["netns", "del", name], { stdio: "ignore" });
}

function kill(pid, signal) {
  attempt(() => process.kill(pid, signal));
}

function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}
