import { type HandoffTarget, shownTarget } from "./config.ts";
import type { Delivered } from "./deliver.ts";
import type { HandoffMessage } from "./message.ts";

/** Messages that wait for one target; beyond them the oldest is given up. Guess: a very bad night. */
const waitingMax = 64;
/** Waits before each further try. Guesses: a restart of the other end, of a router, of a provider. */
const retryMsDefault: readonly number[] = [1_000, 10_000, 60_000, 600_000];

/** What an outbox needs. */
export interface OutboxOptions {
  readonly deliver: (target: HandoffTarget, message: HandoffMessage) => Promise<Delivered>;
  readonly tell: (
    level: "info" | "warn",
    event: "handoff.sent" | "handoff.failed",
    fields: { readonly [field: string]: string | number },
  ) => void;
  /** Shorter in tests. */
  readonly retryMs?: readonly number[];
}

/** Delivers messages to targets: to each in order, each tried a bounded number of times. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #retryMs: readonly number[];
  readonly #waiting = new Map<string, HandoffMessage[]>();
  readonly #ended = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#retryMs = options.retryMs ?? retryMsDefault;
  }

  send(target: HandoffTarget, message: HandoffMessage): void {
    const key = JSON.stringify(target);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(message);
      if (waiting.length > waitingMax) this.#giveUp(target, waiting.shift(), "too many wait");
      return;
    }
    const queue = [message];
    this.#waiting.set(key, queue);
    const running = this.#work(target, queue).finally(() => {
      this.#waiting.delete(key);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** Tries nothing any more, and waits for what is on its way. */
  async close(): Promise<void> {
    this.#ended.abort();
    await Promise.allSettled(this.#running);
  }

  async #work(target: HandoffTarget, queue: HandoffMessage[]): Promise<void> {
    for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
      await this.#try(target, message);
      if (this.#ended.signal.aborted) return;
    }
  }

  async #try(target: HandoffTarget, message: HandoffMessage): Promise<void> {
    let cause = "";
    for (const waitMs of [0, ...this.#retryMs]) {
      await sleep(waitMs, this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      const delivered = await this.#options.deliver(target, message);
      if (delivered.type === "delivered") {
        this.#options.tell("info", "handoff.sent", { target: shownTarget(target), event: message.event });
        return;
      }
      cause = delivered.cause;
      if (delivered.type === "refused") break;
    }
    this.#giveUp(target, message, cause);
  }

  #giveUp(target: HandoffTarget, message: HandoffMessage | undefined, cause: string): void {
    if (message === undefined) return;
    const { event, title } = message;
    this.#options.tell("warn", "handoff.failed", { target: shownTarget(target), event, title, cause });
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve();
  return new Promise((slept) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      slept();
    };
    const timer = setTimeout(end, ms).unref();
    signal.addEventListener("abort", end, { once: true });
  });
}
