import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentId, ResourceId } from "@antibody/policy";
import { findSession, markerOf } from "./adoption.ts";
import { signalGroup } from "./group.ts";
import { makeOutputPipe, outputPipesIn, ReadingOn } from "./outputPipe.ts";
import { readStat, runs } from "./proc.ts";
import { type ChildRecord, ChildRecords } from "./records.ts";
import { type Ended, killAfterMs, runCommand } from "./runCommand.ts";

/** In the environment of what may not run twice: `<agent>/<resource> <token> -`. */
const onceVariable = "ANTIBODY_ONCE";
/** How often a run of an earlier life is looked at. A guess: nobody tells when it ends. */
const pollMs = 50;

/** What became of a run that an earlier life of the agent began. */
export type Earlier = "none" | "ended";

/**
 * Runs what may not be done twice. Such a program has a session of its own and a pipe for its output that it holds
 * open itself, so that it outlives an agent that is killed: the next life of the agent waits for its end before it
 * looks what there is to do, and ends it after its time, as the agent that began it would have. What it leaves in the
 * background is not waited for, and never held up by what it writes.
 */
export class OnceRuns {
  readonly #agent: AgentId;
  readonly #directory: string;
  readonly #records: ChildRecords;
  /** Waits until no copy of a killed agent is about to become a program. */
  readonly #noneForked: () => Promise<void>;
  readonly #readingOn = new ReadingOn();
  /** Of each resource that was asked for: what became of the earlier life's run. */
  readonly #earlier = new Map<ResourceId, Earlier>();
  /** Of each that still waits: until when at most, so that a look that is given up moves it no further. */
  readonly #endMs = new Map<ResourceId, number>();

  /** `directory` is made when missing. */
  constructor(agent: AgentId, directory: string, noneForked: () => Promise<void>) {
    this.#agent = agent;
    this.#directory = directory;
    this.#records = new ChildRecords(directory);
    this.#noneForked = noneForked;
    // Whoever writes to them was started by an earlier life.
    for (const path of outputPipesIn(directory)) this.#readingOn.read(path);
  }

  /**
   * As `runCommand`, known to the next life of the agent. `finished` writes down what came of it, before it is known
   * no more that it ran.
   */
  async run(
    resource: ResourceId,
    command: readonly string[],
    cwd: string,
    timeoutMs: number,
    signal: AbortSignal,
    finished: (ended: Ended) => void = () => {},
  ): Promise<Ended> {
    await this.earlier(resource, timeoutMs, signal);
    const name = fileNameOf(resource);
    const token = randomBytes(8).toString("hex");
    const record: ChildRecord = { pid: 0, startTicks: 0, token, commandDigest: "", stopTimeoutMs: 0 };
    const outputPipe = await makeOutputPipe(this.#directory, `${name}-${token}`);
    this.#records.write(name, record);
    try {
      const ended = await runCommand(command, cwd, timeoutMs, signal, {
        env: { [onceVariable]: markerOf(this.#agent, name, token, "-") },
        ...(outputPipe === undefined ? {} : { outputPipe }),
        started: (pid) => {
          this.#records.write(name, { ...record, pid, startTicks: readStat(pid)?.startTicks ?? 0 });
        },
      });
      finished(ended);
      return ended;
    } finally {
      this.#records.remove(name);
      // What it left in the background may write on.
      if (outputPipe !== undefined) this.#readingOn.read(outputPipe);
    }
  }

  /**
   * Resolves when no run of an earlier life is left, at the latest after `timeoutMs`, when it is killed. Throws when
   * the signal aborts.
   */
  async earlier(resource: ResourceId, timeoutMs: number, signal: AbortSignal): Promise<Earlier> {
    const name = fileNameOf(resource);
    const record = this.#earlier.has(resource) ? undefined : this.#records.read(name);
    const found = record === undefined ? undefined : await this.#find(name, record);
    if (found !== undefined) {
      const endMs = this.#endMs.get(resource) ?? performance.now() + timeoutMs;
      this.#endMs.set(resource, endMs);
      await this.#end(found, endMs, signal);
    }
    // Another call may have come to the end of it first, and the next run may have begun since.
    const known = this.#earlier.get(resource);
    if (known !== undefined) return known;
    const earlier = found === undefined ? "none" : "ended";
    this.#earlier.set(resource, earlier);
    this.#endMs.delete(resource);
    this.#records.remove(name);
    return earlier;
  }

  /** One that was never started is found by nobody: it has run as little as after a power cut. */
  async #find(
    name: string,
    record: ChildRecord,
  ): Promise<Pick<ChildRecord, "pid" | "startTicks"> | undefined> {
    await this.#noneForked();
    return record.pid === 0 ? findSession(this.#agent, onceVariable, name, record.token) : record;
  }

  async #end(
    { pid, startTicks }: Pick<ChildRecord, "pid" | "startTicks">,
    endMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    while (runs(pid, startTicks)) {
      signal.throwIfAborted();
      const lateMs = performance.now() - endMs;
      if (lateMs >= 0) signalGroup(pid, lateMs < killAfterMs ? "SIGTERM" : "SIGKILL");
      await sleep(pollMs);
    }
  }
}

/** `command:schema` and `timer:backup` as file names; names of both kinds are plain. */
function fileNameOf(resource: ResourceId): string {
  return resource.replace(":", "-");
}
