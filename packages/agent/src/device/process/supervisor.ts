import { closeSync, openSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { outputCharactersMax, type ProcessExit } from "@antibody/core";
import type { AgentId, ResourceId } from "@antibody/policy";
import { DeviceError } from "../deviceError.ts";
import type { Tree } from "../tree.ts";
import { findOrphans, killStartedBy } from "./adoption.ts";
import { Child } from "./child.ts";
import { type LaunchSpec, launch } from "./launch.ts";
import { ChildRecords } from "./records.ts";

/** How often adopted children are looked at: nobody tells the agent when a process ends that is not its child. A guess. */
const adoptedPollMs = 100;
/** How long a child may take to go after SIGKILL. A guess: only one stuck in the kernel takes longer. */
const killedWaitMs = 5_000;

/** What the supervisor needs. */
export interface SupervisorOptions {
  readonly agent: AgentId;
  /** For records and output. Made when missing. */
  readonly directory: string;
  readonly tree: Tree;
  /** A child has ended. */
  readonly changed: (resource: ResourceId) => void;
}

/** What is known of one supervised process. */
export type ChildState =
  | { readonly type: "running"; readonly child: Child }
  | { readonly type: "stopped"; readonly exit?: ProcessExit };

/**
 * Children that outlive a killed agent and are adopted by its next run; never two of one name. Calls for one
 * name run one after the other.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #records: ChildRecords;
  /** Held open as long as the agent lives: a forked child that has not yet been executed shows by it. */
  readonly #heldFile: string;
  readonly #held: number;
  readonly #children = new Map<string, Child>();
  readonly #exits = new Map<string, ProcessExit>();
  /** By name: the marker of an ended child whose leftovers could not be looked for. The next start looks first. */
  readonly #unsearched = new Map<string, string>();
  /** For each name, the end of the last call. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #adopted: Promise<void> | undefined;
  #ready = false;
  #poll: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#records = new ChildRecords(options.directory);
    this.#heldFile = join(realpathSync(options.directory), "held");
    this.#held = openSync(this.#heldFile, "a", 0o600);
  }

  /** Resolves when no copy of a killed agent is about to become a program. */
  noneForked(): Promise<void> {
    return this.#ready ? Promise.resolve() : this.#adopt();
  }

  /** What is known of a name. A promise until the children of an earlier run are found. */
  state(name: string): ChildState | Promise<ChildState> {
    if (this.#ready) return this.#stateNow(name);
    return this.#adopt().then(() => this.#stateNow(name));
  }

  /** Starts a child unless one runs. Throws what the system says where it cannot be started. */
  async start(resource: ResourceId, name: string, spec: LaunchSpec): Promise<Child> {
    return this.#inTurn(name, async () => {
      const running = this.#children.get(name);
      if (running?.runs() === true) return running;
      this.#searchAgain(name);
      const child = await launch({
        agent: this.#options.agent,
        name,
        spec,
        tree: this.#options.tree,
        records: this.#records,
        ended: (child, exit) => this.#ended(resource, name, child, exit),
      });
      this.#children.set(name, child);
      this.#exits.delete(name);
      return child;
    });
  }

  /**
   * Ends the child and all of its group: SIGTERM, then SIGKILL. Throws EBUSY when it outlives that, and when the
   * signal aborts.
   */
  async stopChild(name: string, stopTimeoutMs: number, signal: AbortSignal): Promise<void> {
    await this.#inTurn(name, async () => {
      const child = this.#children.get(name);
      if (child === undefined) return;
      child.signal("SIGTERM");
      if (!(await child.goneWithin(stopTimeoutMs, signal))) {
        signal.throwIfAborted();
        child.signal("SIGKILL");
        if (!(await child.goneWithin(killedWaitMs, signal)))
          throw new DeviceError("EBUSY", `process ${child.record.pid} does not end, not even by SIGKILL`);
      }
      this.#forget(name, child);
    });
  }

  /** `"stop"` ends every child, also those of earlier runs; `"leave"` lets them run. */
  async stop(children: "stop" | "leave"): Promise<void> {
    if (children === "stop") {
      await this.#adopt();
      const signal = new AbortController().signal;
      const stops = [...this.#children].map(([name, child]) =>
        this.stopChild(name, child.record.stopTimeoutMs, signal),
      );
      await Promise.allSettled(stops);
    }
    await Promise.allSettled(this.#turns.values());
    clearInterval(this.#poll);
    closeSync(this.#held);
  }

  #stateNow(name: string): ChildState {
    const child = this.#children.get(name);
    if (child?.runs() === true) {
      this.#records.boundOutput(name);
      return { type: "running", child };
    }
    const exit = this.#exits.get(name);
    return { type: "stopped", ...(exit === undefined ? {} : { exit }) };
  }

  /** Once; again when it failed. */
  #adopt(): Promise<void> {
    this.#adopted ??= this.#findOrphans().catch((error: unknown) => {
      this.#adopted = undefined;
      throw error;
    });
    return this.#adopted;
  }

  async #findOrphans(): Promise<void> {
    const orphans = await findOrphans(this.#options.agent, this.#records, this.#heldFile);
    for (const [name, record] of orphans) this.#children.set(name, new Child(record));
    this.#ready = true;
    if (orphans.size > 0) this.#poll = setInterval(() => this.#lookAtAdopted(), adoptedPollMs).unref();
  }

  #lookAtAdopted(): void {
    const adopted = [...this.#children].filter(([, child]) => child.adopted);
    for (const [name, child] of adopted)
      if (!child.runs()) this.#ended(`process:${name}` as ResourceId, name, child);
    if (adopted.length === 0) clearInterval(this.#poll);
  }

  async #inTurn<Result>(name: string, act: () => Promise<Result>): Promise<Result> {
    await this.#adopt();
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(act, act);
    this.#turns.set(name, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    }
  }

  /** Of an adopted child nobody knows how it ended, but what it wrote. */
  #ended(resource: ResourceId, name: string, child: Child, exit: ProcessExit = {}): void {
    if (this.#children.get(name) !== child) return;
    this.#forget(name, child);
    const output = this.#records.outputEnd(name, outputCharactersMax * 4);
    const end = output.slice(-outputCharactersMax).toWellFormed();
    this.#exits.set(name, { ...exit, ...(end === "" ? {} : { output: end }) });
    this.#options.changed(resource);
  }

  #forget(name: string, child: Child): void {
    child.killGroup();
    this.#killLeftovers(name, child);
    if (this.#children.get(name) !== child) return;
    this.#children.delete(name);
    this.#records.remove(name);
  }

  /** A restart waits for this, and children that run have markers of their own. */
  #killLeftovers(name: string, child: Child): void {
    const others = new Set(
      [...this.#children.values()].filter((each) => each !== child && !each.adopted).map(pidOf),
    );
    try {
      const mayBe = child.mayHaveStarted();
      const among = (pid: number): boolean => mayBe(pid) && !others.has(pid);
      killStartedBy(this.#options.agent, name, child.record.token, among, !child.adopted);
    } catch {
      // Nobody waits for the end of a child who could be told, as where no file descriptor is left.
      this.#unsearched.set(name, child.record.token);
    }
  }

  /** Throws what the system says where leftovers still cannot be looked for: there are never two of one name. */
  #searchAgain(name: string): void {
    const token = this.#unsearched.get(name);
    if (token === undefined) return;
    killStartedBy(this.#options.agent, name, token, () => true, false);
    this.#unsearched.delete(name);
  }
}

function pidOf(child: Child): number {
  return child.record.pid;
}
