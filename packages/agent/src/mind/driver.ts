import type {
  Durability,
  Input,
  Inspection,
  MonotonicMs,
  Now,
  Output,
  OwnerCommand,
  SignedStatement,
  Snapshot,
  StepResult,
} from "@antibody/core";
import type { CommandReply } from "../ports.ts";
import { messageOf } from "../state/stateError.ts";
import { Barrier, unwrittenRecordsMax } from "./barrier.ts";
import type { Clock } from "./clock.ts";
import { InputQueue } from "./inputQueue.ts";
import { carryOut, type OutputPorts, type OutputResults, withoutRepeatedWrites } from "./outputs.ts";
import type { Recorder } from "./recorder.ts";

/** Steps in a row before the event loop gets its turn. Guess: at 0.1 ms a step, a peer's probe waits 25 ms. */
const stepsInARowMax = 256;
/** Commands that wait for the mind's reply. Guess: twice what the control sockets let through. */
const pendingCommandsMax = 64;
/** Inputs whose outputs are waited for: of each connection to the control socket a part of a bundle. */
const pendingAsksMax = 1_024;
/** A wake this late is told. Guess: half of a probe's wait, beyond which the agent looks dead to others. */
const lateWakeMs = 250;
/** Late wakes and failed writes of history are told at most this often, each. Guess. */
const tellAgainMs = 10_000;
/** How long after a refused `sync` write it is tried again. Guess: a disk is freed by hand, or by a cron job. */
const writeAgainMs = 5_000;

/** What the driver asks of a mind. */
export interface DrivenMind {
  step(input: Input, now: Now): StepResult;
  inspect(now: Now): Inspection;
  dump(): Snapshot;
}

/** What a driver needs. */
export interface DriverOptions {
  readonly mind: DrivenMind;
  readonly ports: OutputPorts;
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, "record">;
  /** The mind has said its goodbyes. */
  readonly onStopped: () => void;
  /** A broken invariant. The agent cannot go on; nothing is stepped any more. */
  readonly onBroken: (error: unknown) => void;
}

/** What people may want to know of a driver. */
export interface DriverStatistics {
  readonly stepCount: number;
  readonly droppedCount: number;
  /** The latest wake so far. */
  readonly lateMsMax: number;
}

/**
 * Feeds one mind and carries out what it says: inputs in order, one at a time, each stepped with the time at
 * which it is stepped; outputs in order, also across steps. An input may be fed from anywhere, also while an
 * output is carried out: it is stepped after the present one is done with.
 */
export class Driver {
  readonly #options: DriverOptions;
  /** The options' ports, with the journal behind the barrier. */
  readonly #ports: OutputPorts;
  readonly #barrier: Barrier;
  readonly #results: OutputResults = {
    signed: (statement) => this.#signed(statement),
    replied: (id, reply) => this.#replied(id, reply),
    persisted: (durability) => this.#persisted(durability),
    persistFailed: (error) => this.#historyFailed(error),
    stopped: () => this.#options.onStopped(),
  };
  readonly #queue = new InputQueue();
  readonly #replies = new Map<string, (reply: CommandReply) => void>();
  readonly #asked = new Map<Input, (outputs: readonly Output[] | undefined) => void>();
  #state: "running" | "ended" = "running";
  #scheduled = false;
  /** Whether policy was handed to the network in this turn of the event loop. */
  #isPublishing = false;
  /** Carries out the rest of a step, where that waits for the next turn. No other step is taken meanwhile. */
  #held: (() => void) | undefined;
  #alarmMs: MonotonicMs = Number.POSITIVE_INFINITY;
  #commandCount = 0;
  #stepCount = 0;
  #lateMsMax = 0;
  readonly #toldMs = new Map<string, MonotonicMs>();
  /** Since when `sync` records are unwritten, and when they are tried again. */
  #unwritten: { readonly sinceMs: MonotonicMs; readonly againMs: MonotonicMs } | undefined;
  #historyFails = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#barrier = new Barrier(options.ports.journal);
    this.#ports = { ...options.ports, journal: this.#barrier };
  }

  /** Queues an input for the mind. Never throws, and never steps before its caller has returned. */
  feed(input: Input): void {
    if (this.#state === "ended") return;
    const taken = this.#queue.push(input);
    if (taken === "dropped")
      this.#tellSeldom("agent.overloaded", "warn", { dropped: this.#queue.droppedCount });
    if (taken === "overflow") this.#break(new Error("the queue of inputs overflows"));
    this.#schedule();
  }

  /** Asks the mind on behalf of the owner. */
  command(command: OwnerCommand): Promise<CommandReply> {
    if (this.#state === "ended") return Promise.resolve(ended);
    if (this.#replies.size >= pendingCommandsMax) {
      const message = `${pendingCommandsMax} commands wait for an answer already`;
      return Promise.resolve({ type: "refused", message, next: "Try again in a moment." });
    }
    this.#commandCount += 1;
    const id = `c${this.#commandCount}`;
    const reply = new Promise<CommandReply>((resolve) => this.#replies.set(id, resolve));
    this.feed({ type: "command", id, command });
    return reply;
  }

  /**
   * Feeds an input, and gives back what came of its step once that is carried out; undefined where it was not taken,
   * after the end or because too many wait.
   */
  ask(input: Input): Promise<readonly Output[] | undefined> {
    if (this.#state === "ended" || this.#asked.size >= pendingAsksMax) return Promise.resolve(undefined);
    const outputs = new Promise<readonly Output[] | undefined>((resolve) => this.#asked.set(input, resolve));
    this.feed(input);
    return outputs;
  }

  /** Resolves when no input waits, and no output. */
  async idle(): Promise<void> {
    while (this.#queue.length > 0 || this.#held !== undefined)
      await new Promise((turned) => setImmediate(turned));
  }

  inspect(): Inspection {
    return this.#options.mind.inspect(this.#options.clock.now());
  }

  statistics(): DriverStatistics {
    return {
      stepCount: this.#stepCount,
      droppedCount: this.#queue.droppedCount,
      lateMsMax: this.#lateMsMax,
    };
  }

  /** Steps nothing any more, and answers whoever still waits. */
  end(): void {
    this.#state = "ended";
    this.#options.clock.clearAlarm();
    this.#queue.clear();
    this.#held = undefined;
    for (const resolve of this.#replies.values()) resolve(ended);
    this.#replies.clear();
    for (const resolve of this.#asked.values()) resolve(undefined);
    this.#asked.clear();
  }

  /** A microtask comes before any IO, and after the caller has brought its own affairs in order. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#drain());
  }

  #drain(): void {
    this.#scheduled = false;
    try {
      const held = this.#held;
      this.#held = undefined;
      held?.();
      for (let steps = 0; this.#state === "running" && this.#held === undefined; steps += 1) {
        const input = this.#queue.shift();
        if (input === undefined) {
          this.#setAlarm();
          return;
        }
        if (steps === stepsInARowMax) {
          this.#queue.unshift(input);
          this.#scheduled = true;
          setImmediate(() => this.#drain());
          return;
        }
        this.#step(input);
      }
    } catch (error) {
      this.#break(error);
    }
  }

  #step(input: Input): void {
    const { mind, clock, recorder } = this.#options;
    const now = clock.now();
    this.#stepCount += 1;
    let result: StepResult;
    try {
      result = mind.step(input, now);
    } catch (error) {
      recorder.record(input, now, undefined);
      throw error;
    }
    recorder.record(input, now, result.outputs);
    this.#alarmMs = result.wakeAt;
    this.#barrier.stepBegins();
    this.#carryOutAll(withoutRepeatedWrites(result.outputs), () => {
      this.#noteWrites();
      this.#asked.get(input)?.(result.outputs);
      this.#asked.delete(input);
    });
  }

  /**
   * In their order. A `sync` write waits for the disk, and those who hear of policy through this agent need not: what
   * follows a publication leaves the turn to it. What is published is the author's word, not this agent's: who
   * forgets it in between hears it from peers.
   */
  #carryOutAll(outputs: readonly Output[], done: () => void): void {
    for (const [index, output] of outputs.entries()) {
      if (this.#isPublishing && output.type === "persist" && output.durability === "sync") {
        this.#held = () => this.#carryOutAll(outputs.slice(index), done);
        return;
      }
      this.#carryOut(output);
      if (output.type === "publishPolicy") this.#leaveTurn();
    }
    done();
  }

  #leaveTurn(): void {
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    setImmediate(() => {
      this.#isPublishing = false;
      this.#drain();
    });
  }

  #carryOut(output: Output): void {
    const ruling = this.#barrier.rule(output);
    switch (ruling.type) {
      case "pass":
        carryOut(output, this.#ports, this.#results);
        return;
      case "wait":
        return;
      case "fail": {
        const { action, code, detail } = ruling;
        this.feed({ type: "outcome", action, result: { type: "failed", code, detail, begun: false } });
        return;
      }
      case "answer":
        this.#replied(ruling.id, ruling.reply);
        return;
      default:
        ruling satisfies never;
    }
  }

  #setAlarm(): void {
    const { clock } = this.#options;
    const dueMs = Math.min(this.#alarmMs, this.#unwritten?.againMs ?? Number.POSITIVE_INFINITY);
    clock.setAlarm(dueMs - clock.now().monoMs, () => this.#wake(dueMs));
  }

  #wake(dueMs: MonotonicMs): void {
    this.#writeAgain();
    const lateMs = this.#options.clock.now().monoMs - dueMs;
    this.#lateMsMax = Math.max(this.#lateMsMax, lateMs);
    if (lateMs >= lateWakeMs) this.#tellSeldom("agent.late", "warn", { lateMs, lateMsMax: this.#lateMsMax });
    this.feed({ type: "wake" });
  }

  /** What was asked to be signed comes before everything that waits. */
  #signed(statement: SignedStatement): void {
    this.#queue.pushFirst({ type: "signed", statement });
  }

  #replied(id: string, reply: CommandReply): void {
    this.#replies.get(id)?.(reply);
    this.#replies.delete(id);
  }

  /** Lost history costs an adoption or an explanation, and no trust: the agent goes on. */
  #historyFailed(error: unknown): void {
    this.#historyFails = true;
    this.#tellSeldom("agent.historyFailed", "error", { message: messageOf(error) });
  }

  #persisted(durability: Durability): void {
    if (durability !== "batched" || !this.#historyFails) return;
    this.#historyFails = false;
    this.#toldMs.delete("agent.historyFailed");
    this.#options.ports.tell({ name: "agent.historyWritten", level: "info", fields: {} });
  }

  #writeAgain(): void {
    if (this.#unwritten === undefined || this.#options.clock.now().monoMs < this.#unwritten.againMs) return;
    this.#barrier.writeAgain();
    this.#noteWrites();
  }

  /** Says when `sync` records are refused, and when they are written at last; what waited for them then happens. */
  #noteWrites(): void {
    const { clock, ports } = this.#options;
    const { refusal, unwrittenCount } = this.#barrier;
    if (refusal === undefined && this.#unwritten === undefined) return;
    const { monoMs } = clock.now();
    if (refusal !== undefined) {
      const known = this.#unwritten;
      if (unwrittenCount > unwrittenRecordsMax)
        throw new Error(`more than ${unwrittenRecordsMax} records wait to be written: ${refusal.message}`);
      if (known === undefined) {
        const fields = { ...refusal, recordsCount: unwrittenCount, next: "antibody doctor" };
        ports.tell({ name: "agent.stateUnwritten", level: "error", fields });
      }
      if (known === undefined || monoMs >= known.againMs)
        this.#unwritten = { sinceMs: known?.sinceMs ?? monoMs, againMs: monoMs + writeAgainMs };
      return;
    }
    const afterMs = monoMs - (this.#unwritten?.sinceMs ?? monoMs);
    this.#unwritten = undefined;
    ports.tell({ name: "agent.stateWritten", level: "info", fields: { afterMs } });
    const entry = this.#barrier.takeEntry();
    if (entry !== undefined) this.#signed(ports.signer.sign(entry));
  }

  #tellSeldom(
    name: string,
    level: "warn" | "error",
    fields: { readonly [field: string]: string | number },
  ): void {
    const nowMs = this.#options.clock.now().monoMs;
    if (nowMs < (this.#toldMs.get(name) ?? Number.NEGATIVE_INFINITY) + tellAgainMs) return;
    this.#toldMs.set(name, nowMs);
    this.#options.ports.tell({ name, level, fields });
  }

  #break(error: unknown): void {
    if (this.#state === "ended") return;
    this.end();
    this.#options.onBroken(error);
  }
}

const ended: CommandReply = {
  type: "refused",
  message: "the agent is stopping",
  next: "Start it again: antibody run",
};
