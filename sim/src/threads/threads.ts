import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { wallMs, yieldOnce } from "../engine/hostProcess.ts";
import type { ShareOutcome } from "../outcome.ts";
import type { Running } from "../running.ts";
import { Jury } from "./jury.ts";
import { SharedLetters } from "./letters.ts";
import { Meeting } from "./meeting.ts";
import type { RunPlan, Shard } from "./shard.ts";
import { type LettersEnd, makeShard, type ThreadData, type ThreadWord } from "./thread.ts";

/** Starts a thread that calls `serveShare`, with this as its `workerData`. */
export type StartThread = (data: ThreadData, transferred: readonly MessagePort[]) => Worker;

/** How long this process does nothing else while it simulates, and while it waits for the others. */
const holdMsMax = 50;
const waitMsMax = 200;

/** A run in several threads: this one simulates a part of it, too, and judges. */
export class Threads {
  readonly #workers: readonly Worker[];
  readonly #meeting: Meeting;
  readonly #shard: Shard;
  readonly #ports: readonly MessagePort[];
  readonly #outcomes: (ShareOutcome | undefined)[];
  readonly #ready: Promise<void>;
  readonly #ended: Promise<void>;
  #failure: Error | undefined;

  constructor(plan: RunPlan, count: number, start: StartThread, isPlain: boolean) {
    const all = threadData(plan, count, isPlain);
    const [own, ...others] = all as [ThreadData, ...ThreadData[]];
    this.#workers = others.map((data) => start(data, portsOf(data)));
    this.#ports = portsOf(own);
    this.#outcomes = new Array<undefined>(count).fill(undefined);
    this.#meeting = new Meeting(own.meeting, 0, count);
    let jury: Jury | undefined;
    this.#shard = makeShard(own, (sight) => jury?.hear(0, sight));
    jury = new Jury(this.#shard.running, count);
    const heard = this.#workers.map((worker, at) => this.#listen(worker, at + 1, jury));
    this.#ready = Promise.all(heard.map(({ ready }) => ready)).then(() => undefined);
    this.#ended = Promise.all(heard.map(({ ended }) => ended)).then(() => undefined);
    // Awaited when it matters; until then a failure is no unhandled rejection.
    this.#ready.catch(() => undefined);
    this.#ended.catch(() => undefined);
  }

  /** The part of this thread: it has judged all when the run is over. */
  get running(): Running {
    return this.#shard.running;
  }

  /** Runs to the end; rejects when a thread fails. Gives what each has come to. */
  async run(onPause: (nowMs: number) => void): Promise<readonly ShareOutcome[]> {
    try {
      await this.#ready;
      await this.#advance(onPause);
      this.#outcomes[0] = this.#shard.finish();
      await this.#ended;
      this.running.end();
      return this.#outcomes as readonly ShareOutcome[];
    } catch (error) {
      this.#meeting.fail();
      // What another thread has said comes soon, and says more than that it has failed.
      await Promise.race([this.#ended.catch(() => undefined), yieldOnce()]);
      throw this.#failure ?? error;
    } finally {
      await Promise.all(this.#workers.map((worker) => worker.terminate()));
      for (const port of this.#ports) port.close();
    }
  }

  async #advance(onPause: (nowMs: number) => void): Promise<void> {
    let pausedMs = wallMs();
    do {
      this.#meeting.come(this.#shard.leave());
      while (!this.#meeting.wait(waitMsMax)) await this.#pause();
      this.#shard.take();
      const nowMs = wallMs();
      if (nowMs - pausedMs < holdMsMax) continue;
      onPause(nowMs);
      await this.#pause();
      pausedMs = wallMs();
    } while (this.#shard.run(this.#meeting.earliestUs));
  }

  async #pause(): Promise<void> {
    await yieldOnce();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Hears one thread: it is ready, what it sees, how it ends. */
  #listen(worker: Worker, index: number, jury: Jury) {
    const ready = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const fail = (message: string): void => {
      this.#failure ??= new Error(message);
      ready.reject(this.#failure);
      ended.reject(this.#failure);
    };
    worker.on("error", (error) => fail(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => {
      if (this.#outcomes[index] === undefined) fail(`a thread of the run has ended with ${code}`);
    });
    worker.on("message", (word: ThreadWord) => {
      if (word.type === "ready") ready.resolve();
      else if (word.type === "sight") jury.hear(index, word.sight);
      else if (word.type === "failed") fail(word.message);
      else if (word.type === "outcome") {
        this.#outcomes[index] = word.outcome;
        ended.resolve();
      }
    });
    return { ready: ready.promise, ended: ended.promise };
  }
}

/** What each thread is given. */
function threadData(plan: RunPlan, count: number, isPlain: boolean): readonly ThreadData[] {
  const threads = Array.from({ length: count }, (_, index) => index);
  const settled = new Int32Array(
    new SharedArrayBuffer(plan.scenario.expectations.length * Int32Array.BYTES_PER_ELEMENT),
  );
  const meeting = Meeting.memory(count);
  const ways = threads.map((from) =>
    threads.map((to): Way | undefined => {
      if (from === to) return undefined;
      const { port1, port2 } = new MessageChannel();
      return { memory: SharedLetters.memory(), port1, port2 };
    }),
  );
  return threads.map((index) => ({
    plan,
    share: { index, count },
    isPlain,
    settled,
    meeting,
    to: threads.map((to) => endOf(ways[index]?.[to], "port1")),
    from: threads.map((from) => endOf(ways[from]?.[index], "port2")),
  }));
}

interface Way {
  readonly memory: SharedArrayBuffer;
  readonly port1: MessagePort;
  readonly port2: MessagePort;
}

function endOf(way: Way | undefined, port: "port1" | "port2"): LettersEnd | undefined {
  return way && { memory: way.memory, port: way[port] };
}

function portsOf({ to, from }: ThreadData): readonly MessagePort[] {
  return [...to, ...from].flatMap((end) => (end === undefined ? [] : [end.port]));
}
