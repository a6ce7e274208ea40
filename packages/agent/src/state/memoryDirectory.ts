import { createHash } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { type Environment, runtimeDirectory } from "../control/paths.ts";
import { readStat, runs } from "../device/process/proc.ts";
import { makeOwnDirectory, userId } from "./places.ts";

/** File systems in memory, by statfs(2): tmpfs and ramfs. */
const memoryFileSystems: readonly number[] = [0x01021994, 0x858458f6];
const sharedMemory = "/dev/shm";
/** Who made a directory there, and for which state: see `Maker`. */
const makerName = "maker.json";
/** Directories that one start looks at. A guess: far more than agents of one user that were ever killed. */
const directoriesMax = 256;

/** Which process keeps its memory directory for which state, and in which world both are to be looked for. */
interface Maker {
  readonly state: string;
  readonly pid: number;
  readonly startTicks: number;
  /** The namespaces of processes and of mounts: elsewhere a pid is another's, and a path leads elsewhere. */
  readonly world: string;
}

/** Where an agent's memory directory is when its runtime directory is not in memory. */
export function shmDirectory(stateDirectory: string, user: number = userId()): string {
  const digest = createHash("sha256").update(resolve(stateDirectory)).digest("hex").slice(0, 16);
  return join(sharedMemory, `antibody-${user}-${digest}`);
}

/**
 * A directory of this agent in memory, so that what is written there wears no card and yet survives the process:
 * the runtime directory where that is in memory, else one under /dev/shm; undefined where there is none.
 * Throws a StateError where another user prepared it.
 */
export function openMemoryDirectory(
  stateDirectory: string,
  environment: Environment = process.env,
): string | undefined {
  const runtime = runtimeDirectory(stateDirectory, environment, userId());
  makeOwnDirectory(runtime, 0o750);
  if (isInMemory(runtime)) return runtime;
  if (!isInMemory(sharedMemory)) return undefined;
  const path = shmDirectory(stateDirectory);
  makeOwnDirectory(path, 0o700);
  const { pid } = process;
  const world = worldOf();
  if (world !== undefined) {
    const maker: Maker = { state: resolve(stateDirectory), pid, startTicks: startTicksOf(pid), world };
    writeFileSync(join(path, makerName), JSON.stringify(maker), { mode: 0o600 });
  }
  return path;
}

/** Removes the directory of `openMemoryDirectory` when nothing is left in it: a killed agent's recording stays. */
export function closeMemoryDirectory(stateDirectory: string): void {
  const path = shmDirectory(stateDirectory);
  if (existsSync(path) && readdirSync(path).every((name) => name === makerName))
    rmSync(path, { recursive: true });
}

/**
 * Removes directories that agents of this user have left in memory and that nobody will ask for again: who made one
 * was killed, and its state is gone too. One that was made in another namespace is left alone.
 */
export function sweepMemoryDirectories(): void {
  const world = worldOf();
  if (world === undefined || !existsSync(sharedMemory)) return;
  const prefix = `antibody-${userId()}-`;
  const names = readdirSync(sharedMemory).filter((name) => name.startsWith(prefix));
  for (const name of names.slice(0, directoriesMax)) {
    const path = join(sharedMemory, name);
    const maker = makerOf(path);
    if (maker?.world !== world || runs(maker.pid, maker.startTicks) || existsSync(maker.state)) continue;
    rmSync(path, { recursive: true, force: true });
  }
}

/** Removes what a killed agent leaves outside of its state directory. Only while it does not run. */
export function removeRuntimeFiles(stateDirectory: string, environment: Environment = process.env): void {
  rmSync(runtimeDirectory(stateDirectory, environment, userId()), { recursive: true, force: true });
  rmSync(shmDirectory(stateDirectory), { recursive: true, force: true });
}

/** Undefined where nobody says: an older build made it, it is half written, or it is no directory of an agent. */
function makerOf(path: string): Maker | undefined {
  try {
    if (statSync(path).uid !== userId()) return undefined;
    const { state, pid, startTicks, world } = JSON.parse(readFileSync(join(path, makerName), "utf8"));
    const isWhole = typeof state === "string" && typeof world === "string";
    return isWhole ? { state, pid: Number(pid), startTicks: Number(startTicks), world } : undefined;
  } catch {
    return undefined;
  }
}

function startTicksOf(pid: number): number {
  return readStat(pid)?.startTicks ?? 0;
}

/** Undefined where the kernel does not tell. */
function worldOf(): string | undefined {
  try {
    return ["pid", "mnt"].map((kind) => readlinkSync(`/proc/self/ns/${kind}`)).join(" ");
  } catch {
    return undefined;
  }
}

function isInMemory(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return false;
  return memoryFileSystems.includes(statfsSync(path).type);
}
