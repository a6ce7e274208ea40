import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { removeRuntimeFiles } from "@antibody/agent/state";
import { AgentProcess } from "./agent-process.ts";
import { type Launcher, runCommand } from "./command.ts";
import { supervisedPids } from "./supervised.ts";

/** How the agents of a colony are started. */
export interface ColonyOptions {
  /** Where their states and roots lie. */
  readonly directory: string;
  /** By the agent's name, so that each may live in a network namespace of its own. */
  launcherOf(name: string): Launcher;
  /** The multiaddr that an agent listens on. */
  listenOf(name: string): string;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/** A command that did not end with 0; the message holds what it wrote. */
export class FailedCommand extends Error {
  /** One of the exit codes. */
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** A group of agents as processes on this machine, each with a state directory and a root of its own. */
export class Colony {
  readonly #options: ColonyOptions;
  readonly #agents = new Map<string, AgentProcess>();
  /** Aborts when nothing may start any more. */
  readonly #ending = new AbortController();
  /** Commands that run. */
  readonly #commands = new Set<Promise<unknown>>();

  constructor(options: ColonyOptions) {
    this.#options = options;
    const { signal } = options;
    if (signal.aborted) this.#ending.abort(signal.reason);
    signal.addEventListener("abort", () => this.#ending.abort(signal.reason), { once: true });
  }

  get directory(): string {
    return this.#options.directory;
  }

  get agents(): readonly AgentProcess[] {
    return [...this.#agents.values()];
  }

  /** Agents whose process runs. */
  get living(): readonly AgentProcess[] {
    return this.agents.filter((agent) => agent.running);
  }

  agent(name: string): AgentProcess {
    const agent = this.#agents.get(name);
    if (agent === undefined) throw new Error(`no agent ${name} in this colony`);
    return agent;
  }

  /** Runs a command on an agent's state as its user would; its JSON output. Throws what it wrote when it fails. */
  async command(name: string, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const words = ["--state", this.stateOf(name), "--json", ...args];
    const running = runCommand(this.#options.launcherOf(name), words, this.#ending.signal);
    this.#commands.add(running);
    const outcome = await running.finally(() => this.#commands.delete(running));
    if (outcome.code !== 0) {
      const message = `antibody ${args.join(" ")} on ${name} ended with ${outcome.code}: ${outcome.stderr.trim()}`;
      throw new FailedCommand(message, outcome.code);
    }
    return JSON.parse(outcome.stdout) as Readonly<Record<string, unknown>>;
  }

  stateOf(name: string): string {
    return join(this.directory, name, "state");
  }

  rootOf(name: string): string {
    return join(this.directory, name, "root");
  }

  /** Starts an agent and waits until it answers on its socket. `args` go to `antibody run`. */
  async start(name: string, ...args: readonly string[]): Promise<AgentProcess> {
    if (this.#agents.get(name)?.running === true) throw new Error(`agent ${name} runs already`);
    await mkdir(join(this.rootOf(name), "etc"), { recursive: true });
    this.#ending.signal.throwIfAborted();
    const agent = new AgentProcess({
      name,
      launcher: this.#options.launcherOf(name),
      state: this.stateOf(name),
      root: this.rootOf(name),
      args: ["--listen", this.#options.listenOf(name), ...args],
    });
    this.#agents.set(name, agent);
    await agent.ready(this.#ending.signal);
    return agent;
  }

  /**
   * Ends every agent, orderly where it obeys and by force where it does not, and the processes that outlived a
   * killed one; nothing stays behind, and nothing can be started any more.
   */
  async end(): Promise<void> {
    this.#ending.abort(new Error("the colony has ended"));
    await Promise.allSettled(this.#commands);
    await Promise.all(this.agents.map((agent) => agent.end()));
    for (const pid of await supervisedPids(this.agents.map((agent) => agent.id))) kill(pid);
    // A killed agent leaves its recording in memory, for the next start; there is none.
    for (const agent of this.agents) removeRuntimeFiles(agent.state);
  }
}

/** Ends a process; one that is gone already is what was wanted. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
