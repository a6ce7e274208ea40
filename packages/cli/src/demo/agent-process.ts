import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import {
  type AgentInspection,
  type ControlClient,
  type ControlPaths,
  controlClient,
  controlPaths,
} from "@antibody/agent/control";
import type { ResourceView } from "@antibody/core";
import type { Launcher } from "./command.ts";
import { until } from "./until.ts";

/** One line of an agent's log. */
export interface LoggedEvent {
  readonly event: string;
  readonly atMs: number;
  readonly [field: string]: unknown;
}

/** What an agent of the demo is started with. */
export interface AgentProcessOptions {
  readonly name: string;
  readonly launcher: Launcher;
  readonly state: string;
  readonly root: string;
  readonly args: readonly string[];
}

/** Log lines kept of one agent; a demo writes far fewer. */
const linesKeptMax = 20_000;

/** How long an agent may take to end before it is killed; only one that hangs comes to it, also on a busy machine. */
const endTimeoutMs = 20_000;

/** One agent as a process: its log, its socket, and its end. */
export class AgentProcess {
  readonly name: string;
  readonly state: string;
  readonly root: string;
  readonly sockets: ControlPaths;
  readonly client: ControlClient;
  readonly lines: LoggedEvent[] = [];
  readonly #child: ChildProcess;
  #id = "";
  #stderr = "";
  /** Resolves when it has ended, and what it wrote last was read. */
  readonly #ended: Promise<void>;

  constructor(options: AgentProcessOptions) {
    this.name = options.name;
    this.state = options.state;
    this.root = options.root;
    this.sockets = controlPaths(options.state);
    this.client = controlClient(this.sockets);
    const { file, args } = options.launcher;
    this.#child = spawn(
      file,
      [
        ...args,
        "--state",
        options.state,
        "run",
        "--name",
        options.name,
        "--root",
        options.root,
        ...options.args,
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#ended = new Promise((resolve) => this.#child.once("close", () => resolve()));
    this.#collect();
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`agent ${this.name} did not start`);
    return pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What the agent wrote to its error stream, for evidence. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The agent's id, known once it has answered; empty before. */
  get id(): string {
    return this.#id;
  }

  /** Waits until the agent answers on its socket. */
  async ready(signal: AbortSignal): Promise<void> {
    await until(`agent ${this.name} to answer on its socket`, signal, async () => {
      if (!this.running) throw new Error(`agent ${this.name} ended at its start: ${this.#stderr.trim()}`);
      return this.inspect().then(
        ({ agent }) => {
          this.#id = agent;
          return true;
        },
        () => false,
      );
    });
  }

  inspect(): Promise<AgentInspection> {
    return this.client.inspect();
  }

  /** One resource as the agent sees it; undefined while nothing is promised of it. */
  async resource(id: string): Promise<ResourceView | undefined> {
    const { resources } = await this.inspect();
    return resources.find((view) => view.resource === id);
  }

  /** Lines of one event, after a position in the log. */
  events(event: string, since = 0): readonly LoggedEvent[] {
    return this.lines.slice(since).filter((line) => line.event === event);
  }

  /** A file below the agent's root as text; undefined when there is none. */
  async read(path: string): Promise<string | undefined> {
    return readFile(`${this.root}${path}`, "utf8").catch(() => undefined);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(): Promise<void> {
    this.#child.kill("SIGCONT");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), endTimeoutMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #collect(): void {
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error("an agent's streams are pipes");
    createInterface({ input: stdout }).on("line", (text) => {
      if (this.lines.length >= linesKeptMax) this.lines.shift();
      this.lines.push({ event: "", ...readLine(text), atMs: performance.now() });
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-10_000);
    });
  }
}

/** A log line, or the raw text where something else was printed. */
function readLine(text: string): Readonly<Record<string, unknown>> {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === "object" && line !== null ? { ...line } : { text };
  } catch {
    return { text };
  }
}
