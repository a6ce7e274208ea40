import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { signalGroup } from "./group.ts";
import { givenSince, readStat, runs } from "./proc.ts";
import type { ChildRecord } from "./records.ts";

/** How often the end of a child is looked for while it is waited for. A guess. */
const gonePollMs = 10;

/** One supervised child: started by this run of the agent, or adopted from an earlier one. It leads its own group. */
export class Child {
  readonly record: ChildRecord;
  readonly #own: ChildProcess | undefined;
  readonly #tasksBefore: number;

  /** `own` is undefined for an adopted child, of which nobody knows how many tasks were started before it. */
  constructor(record: ChildRecord, own?: ChildProcess, tasksBefore: number = Number.NaN) {
    this.record = record;
    this.#own = own;
    this.#tasksBefore = tasksBefore;
  }

  /** Tells which pids may be of processes that it started. */
  mayHaveStarted(): (pid: number) => boolean {
    return givenSince(this.record.pid, this.#tasksBefore);
  }

  /** Nobody tells when it ends: it is not a child of this process. */
  get adopted(): boolean {
    return this.#own === undefined;
  }

  /** Whether it runs. */
  runs(): boolean {
    if (this.#own !== undefined) return this.#own.exitCode === null && this.#own.signalCode === null;
    return runs(this.record.pid, this.record.startTicks);
  }

  /** Signals the child and its group. Does nothing when it has ended: its pid may be another's. */
  signal(signal: NodeJS.Signals): void {
    if (this.runs()) signalGroup(this.record.pid, signal);
  }

  /** Kills what is left of the group of a child that has ended. */
  killGroup(): void {
    const { pid, startTicks } = this.record;
    const now = readStat(pid);
    // A group's number is not given to another process while anyone is in it.
    if (now === undefined || now.startTicks === startTicks) signalGroup(pid, "SIGKILL");
  }

  /** Waits until it has ended. False when it has not within the time, or when the signal aborts. */
  async goneWithin(waitMs: number, signal: AbortSignal): Promise<boolean> {
    const endMs = performance.now() + waitMs;
    while (this.runs()) {
      if (signal.aborted || performance.now() >= endMs) return false;
      await sleep(gonePollMs);
    }
    return true;
  }
}
