import { setTimeout as sleep } from "node:timers/promises";
import { stopTimeoutMsDefault } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import { codeOf, DeviceError } from "../deviceError.ts";
import { holdersOf, listPids, orphanPids, type ProcessStat, readStat, readVariable, runs } from "./proc.ts";
import type { ChildRecord, ChildRecords } from "./records.ts";

/** In a child's environment: `<agent>/<resource> <token> <command digest>`. */
export const markerVariable = "ANTIBODY_SUPERVISED";
/**
 * How long to wait for a child that a killed agent had forked and not yet executed. A guess: far above the
 * milliseconds that it takes, below what a start may wait.
 */
const forkedWaitMs = 5_000;
const forkedPollMs = 5;

/** The marker of one start. */
export function markerOf(agent: AgentId, name: string, token: string, commandDigest: string): string {
  return `${agent}/${name} ${token} ${commandDigest}`;
}

interface Marked {
  readonly name: string;
  readonly token: string;
  readonly commandDigest: string;
  readonly stat: ProcessStat;
}

/**
 * Finds the children that an earlier run of this agent started and that still run, by name.
 *
 * A kill of the agent can come at three moments. After the record: pid and start time tell. Between the start
 * and the record: the marker in the child's environment tells. Between fork and execution: the forked copy still
 * holds the agent's handle of `heldFile`, which execution closes; it is waited for. The marker is inherited by a
 * child's own children, which only lead no session of their own.
 */
export async function findOrphans(
  agent: AgentId,
  records: ChildRecords,
  heldFile: string,
): Promise<ReadonlyMap<string, ChildRecord>> {
  await waitForForked(heldFile);
  const marked = findMarked(agent);
  const orphans = new Map<string, ChildRecord>();
  for (const name of new Set([...records.names(), ...marked.map((each) => each.name)])) {
    const record = records.read(name);
    const ofName = marked.filter((each) => each.name === name);
    if (record !== undefined && runs(record.pid, record.startTicks)) {
      orphans.set(name, record);
      continue;
    }
    const unrecorded = firstOf(ofName.filter((each) => each.token !== record?.token));
    if (unrecorded !== undefined) {
      const { stat, token, commandDigest } = unrecorded;
      const { pid, startTicks } = stat;
      const found = { pid, startTicks, token, commandDigest, stopTimeoutMs: stopTimeoutMsDefault };
      records.write(name, found);
      orphans.set(name, found);
      continue;
    }
    // The child is gone, and what it had started itself would stand in the way of the next one.
    killMarked(ofName);
    records.remove(name);
  }
  return orphans;
}

async function waitForForked(heldFile: string): Promise<void> {
  const endMs = performance.now() + forkedWaitMs;
  for (let holders = holdersOf(heldFile); holders.length > 0; holders = holdersOf(heldFile)) {
    if (performance.now() >= endMs)
      throw new DeviceError("EBUSY", `process ${holders[0]} of an earlier run still holds ${heldFile}`);
    await sleep(forkedPollMs);
  }
}

/**
 * Kills what a child that has ended had started itself, also where it left the child's group: it would stand in
 * the way of the next one. Only a program that clears its environment escapes, with what it started. `among` says which
 * pids may be such. A child of this process mostly leaves nothing, and no orphan tells so at once: to look through all
 * processes takes a third of the time of a restart. Those of an earlier run may have other guardians.
 */
export function killStartedBy(
  agent: AgentId,
  name: string,
  token: string,
  among: (pid: number) => boolean,
  isOwnChild: boolean,
): void {
  const isOfIt = (each: Marked): boolean => each.name === name && each.token === token;
  const orphans = isOwnChild ? orphanPids() : undefined;
  if (orphans !== undefined && !findMarked(agent, orphans.filter(among)).some(isOfIt)) return;
  killMarked(findMarked(agent, listPids().filter(among)).filter(isOfIt));
}

function killMarked(marked: readonly Marked[]): void {
  for (const { stat } of marked) {
    try {
      process.kill(stat.pid, "SIGKILL");
    } catch (error) {
      // It has ended meanwhile, or has become another user's.
      if (codeOf(error) !== "ESRCH" && codeOf(error) !== "EPERM") throw error;
    }
  }
}

/** Of these, the running processes with a marker of the agent. Reading the environment of one takes 10 µs (measured). */
function findMarked(
  agent: AgentId,
  pids: readonly number[] = listPids(),
  variable: string = markerVariable,
): readonly Marked[] {
  const found: Marked[] = [];
  for (const pid of pids) {
    const [path = "", token, commandDigest] = (readVariable(pid, variable) ?? "").split(" ");
    if (!path.startsWith(`${agent}/`) || token === undefined || commandDigest === undefined) continue;
    const stat = readStat(pid);
    if (stat === undefined || stat.state === "Z") continue;
    found.push({ name: path.slice(agent.length + 1), token, commandDigest, stat });
  }
  return found;
}

/** The program that was started with a marker in another variable, if it runs. */
export function findSession(
  agent: AgentId,
  variable: string,
  name: string,
  token: string,
): ProcessStat | undefined {
  const marked = findMarked(agent, undefined, variable);
  return firstOf(marked.filter((each) => each.name === name && each.token === token))?.stat;
}

/** The oldest that leads a session: children are started as leaders, and later leaders are its own children. */
function firstOf(marked: readonly Marked[]): Marked | undefined {
  return marked
    .filter(({ stat }) => stat.session === stat.pid)
    .sort((left, right) => left.stat.startTicks - right.stat.startTicks)[0];
}
