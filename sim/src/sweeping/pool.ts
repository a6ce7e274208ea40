import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { SeedJob, SeedResult } from "./job.ts";
import type { WorkerAnswer, WorkerRequest } from "./worker.ts";

/** How a worker is started: a program that reads requests and writes answers, as `serveJobs` does. */
export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** Jobs that wait for a worker at once; whoever asks for more than that keeps no lanes. A guess. */
const waitingMax = 10_000;
/** A job whose worker died so often is taken to kill its worker. A guess: one death is chance, three are not. */
const deathsMax = 3;
/** Of what a worker wrote to standard error, so much is kept. A guess: a stack trace. */
const complaintCharactersMax = 2_000;

interface Task {
  readonly job: SeedJob;
  readonly resolve: (result: SeedResult) => void;
  readonly reject: (error: Error) => void;
  deaths: number;
}

interface Worker {
  readonly child: ChildProcess;
  task: Task | undefined;
  complaint: string;
}

/**
 * Processes on this machine that run jobs, one each at a time. When one dies, whoever killed it, its job is run
 * again by another: no job is lost. None outlives `close`, nor the process that made the pool.
 */
export class WorkerPool {
  readonly size: number;
  readonly #command: WorkerCommand;
  readonly #waiting: Task[] = [];
  readonly #workers = new Set<Worker>();
  #nextId = 0;
  #isClosed = false;

  constructor(command: WorkerCommand, size: number) {
    this.#command = command;
    this.size = size;
  }

  /** The processes that run now, for those who look after them. */
  get pids(): readonly number[] {
    return [...this.#workers].flatMap(({ child }) => (child.pid === undefined ? [] : [child.pid]));
  }

  /** Runs a job. Rejects when the pool is closed, or when workers cannot be started. */
  run(job: SeedJob): Promise<SeedResult> {
    if (this.#waiting.length >= waitingMax) throw new Error("too many jobs wait for a worker");
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject, deaths: 0 });
      this.#assign();
    });
  }

  /** Ends every process. Jobs that are not done are rejected. */
  close(): void {
    this.#isClosed = true;
    const error = new Error("the pool was closed");
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    for (const { child, task } of this.#workers) {
      task?.reject(error);
      child.kill("SIGKILL");
    }
    this.#workers.clear();
  }

  #assign(): void {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const worker = this.#idle();
      if (worker === undefined) return;
      const task = this.#waiting.shift() as Task;
      worker.task = task;
      this.#nextId += 1;
      const request: WorkerRequest = { id: this.#nextId, job: task.job };
      worker.child.stdin?.write(`${JSON.stringify(request)}\n`);
    }
  }

  #idle(): Worker | undefined {
    for (const worker of this.#workers) if (worker.task === undefined) return worker;
    return this.#workers.size < this.size ? this.#start() : undefined;
  }

  #start(): Worker {
    const { file, args } = this.#command;
    const child = spawn(file, [...args], { stdio: ["pipe", "pipe", "pipe"] });
    const worker: Worker = { child, task: undefined, complaint: "" };
    this.#workers.add(worker);
    createInterface({ input: child.stdout }).on("line", (line) => this.#answered(worker, line));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      worker.complaint = (worker.complaint + text).slice(-complaintCharactersMax);
    });
    // A worker that died takes no more requests; its end is told by `close`.
    child.stdin.on("error", () => undefined);
    // It could not be started at all: no other one will be.
    child.on("error", (error) => {
      this.#workers.delete(worker);
      worker.task?.reject(error);
      worker.task = undefined;
    });
    child.on("close", () => this.#ended(worker));
    return worker;
  }

  #answered(worker: Worker, line: string): void {
    const { result } = JSON.parse(line) as WorkerAnswer;
    const { task } = worker;
    worker.task = undefined;
    task?.resolve(result);
    this.#assign();
  }

  #ended(worker: Worker): void {
    this.#workers.delete(worker);
    const { task } = worker;
    if (this.#isClosed || task === undefined) return;
    task.deaths += 1;
    if (task.deaths < deathsMax) this.#waiting.unshift(task);
    else task.resolve(died(task.job, worker.complaint.trim()));
    this.#assign();
  }
}

/** A job that no worker survives is a finding as well, such as a world that takes all memory. */
function died({ seed }: SeedJob, complaint: string): SeedResult {
  const detail = `the run ended ${deathsMax} processes: ${complaint}`;
  return { seed, hash: "", violations: [{ invariant: "died", atMs: 0, detail }], simulatedMs: 0 };
}
