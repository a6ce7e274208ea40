import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AgentProcess } from "./agent-process.ts";
import { type Launcher, runCommand } from "./command.ts";
import { supervisedPids } from "./supervised.ts";

/** A group of agents as processes on this machine, each with a state directory and a root of its own. */
export class Colony {
  readonly directory: string;
  readonly #launcher: Launcher;
  readonly #signal: AbortSignal;
  readonly #agents = new Map<string, AgentProcess>();

  constructor(directory: string, launcher: Launcher, signal: AbortSignal) {
    this.directory = directory;
    this.#launcher = launcher;
    this.#signal = signal;
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
    const outcome = await runCommand(
      this.#launcher,
      ["--state", this.stateOf(name), "--json", ...args],
      this.#signal,
    );
    if (outcome.code !== 0) {
      throw new Error(
        `antibody ${args.join(" ")} on ${name} ended with ${outcome.code}: ${outcome.stderr.trim()}`,
      );
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
    await mkdir(join(this.rootOf(name), "etc"), { recursive: true });
    const agent = new AgentProcess({
      name,
      launcher: this.#launcher,
      state: this.stateOf(name),
      root: this.rootOf(name),
      args: ["--listen", "/ip4/127.0.0.1/tcp/0", ...args],
    });
    this.#agents.set(name, agent);
    await agent.ready(this.#signal);
    return agent;
  }

  /**
   * Ends every agent, orderly where it obeys and by force where it does not, and the processes that outlived a
   * killed one; nothing stays behind.
   */
  async end(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.end()));
    for (const pid of await supervisedPids(this.agents.map((agent) => agent.id))) kill(pid);
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
