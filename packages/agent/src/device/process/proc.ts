import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What `/proc/<pid>/stat` tells of a process (proc(5)). */
export interface ProcessStat {
  readonly pid: number;
  /** One letter; `Z` has ended and waits for its parent. */
  readonly state: string;
  /** 0 of the first process, and of one whose parent lies outside of the container. */
  readonly parent: number;
  readonly session: number;
  /** When it started, in clock ticks since boot: tells a pid from its reuse. */
  readonly startTicks: number;
}

/** The least circle of pids that a kernel is set to by itself; a larger one may have been smaller before. */
const pidsMin = 32_768;

/** Reads the stat of a process; undefined when there is none. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, , session] = fields;
  const startTicks = fields[19];
  if (state === undefined || startTicks === undefined) return undefined;
  return { pid, state, parent: Number(parent), session: Number(session), startTicks: Number(startTicks) };
}

/** Whether the process that started at that time still runs. One that only waits for its parent does not. */
export function runs(pid: number, startTicks: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== "Z" && stat.state !== "X";
}

/** The pids of all processes, in no order. */
export function listPids(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Whoever may be given the orphans of this process's descendants: its ancestors up to the first process. */
let guardians: readonly number[] | undefined;

/**
 * Whom the kernel may have given away when descendants of this process died: the children of its ancestors, since
 * orphans go to one that asks for them, or to the first process. Undefined where the kernel does not tell (proc(5):
 * CONFIG_PROC_CHILDREN, hidepid). The ancestors are read once: there will never be others.
 */
export function orphanPids(): readonly number[] | undefined {
  guardians ??= ancestorPids();
  const orphans: number[] = [];
  for (const pid of guardians ?? []) {
    const children = readText(`/proc/${pid}/task/${pid}/children`);
    if (children !== undefined) orphans.push(...(children.match(/\d+/g) ?? []).map(Number));
    // An ancestor that has ended is given nobody.
    else if (pid === 1 || readStat(pid) !== undefined) return undefined;
  }
  return guardians === undefined ? undefined : orphans;
}

/** The first process is one in every container, also of a program that was started into it from outside. */
function ancestorPids(): readonly number[] | undefined {
  const pids = [1];
  for (let pid = process.ppid; pid > 1; ) {
    pids.push(pid);
    const parent = readStat(pid)?.parent;
    if (parent === undefined) return undefined;
    pid = parent;
  }
  return pids;
}

/** A moment in the order in which the kernel gives pids: how many tasks were ever started, or NaN where it does not say. */
export function taskCount(): number {
  const text = readText("/proc/stat") ?? "";
  return Number(/^processes (\d+)$/m.exec(text)?.[1]);
}

/**
 * Whether a pid may have been given since another one was. The kernel gives pids in a circle: as long as few tasks
 * were started since, the later ones lie in the half of the circle behind the first. `count` was counted before it
 * was given. Ids that are in use are jumped over: there is room for thousands of them.
 */
export function givenSince(first: number, count: number): (pid: number) => boolean {
  const circle = Number(readText("/proc/sys/kernel/pid_max"));
  if (!(taskCount() - count < Math.min(circle, pidsMin) / 8)) return () => true;
  return (pid) => (pid - first + circle) % circle < circle / 2;
}

/** One variable of the environment that a process was started with; undefined without it, or where it may not be read. */
export function readVariable(pid: number, name: string): string | undefined {
  const environment = readText(`/proc/${pid}/environ`);
  if (environment === undefined || !environment.includes(`${name}=`)) return undefined;
  return environment
    .split("\0")
    .find((variable) => variable.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

/** Pids of other processes that run this program and hold the file open. */
export function holdersOf(path: string): readonly number[] {
  const program = readLink("/proc/self/exe");
  return listPids().filter(
    (pid) => pid !== process.pid && readLink(`/proc/${pid}/exe`) === program && holds(pid, path),
  );
}

function holds(pid: number, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((handle) => readLink(`/proc/${pid}/fd/${handle}`) === path);
  } catch {
    // Gone meanwhile, or another user's.
    return false;
  }
}

/** Identifies this boot of the machine: start times count from it. */
export function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

/** Processes come and go while they are read, and some are not ours to read. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
