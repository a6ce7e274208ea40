import type { AgentInspection, ControlClient } from "@antibody/agent/control";
import { CliError, exitCode } from "../errors.ts";

/** What a live screen is fed: the agent as it is now, or that it cannot be asked. */
export type Moment =
  | { readonly type: "seen"; readonly inspection: AgentInspection }
  | { readonly type: "lost"; readonly cause: string };

/** How a live screen is fed. */
export interface MomentsOptions {
  readonly client: Pick<ControlClient, "inspect" | "follow">;
  /** Looks are never closer together: the bound on what a screen costs the agent and the line. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Looks without an event while nothing runs come so many times more rarely. Guess: events tell what matters. */
const idleFactor = 10;
/** Looks while something runs: its progress is no event. */
const runningFactor = 1;

/**
 * Looks at an agent whenever it tells something, at once after `wake`, and now and then without either. Where the
 * agent ends it says so, and goes on trying. Throws where this user may not look, or nobody ever answered.
 */
export class Moments {
  readonly #options: MomentsOptions;
  #woken = Promise.withResolvers<void>();
  #isUrgent = false;

  constructor(options: MomentsOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.wake(), { once: true });
  }

  /** Somebody did something, and wants to see what came of it. */
  wake(): void {
    this.#isUrgent = true;
    this.#woken.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Moment> {
    const { client, everyMs, signal } = this.#options;
    const following = this.#follow();
    let isKnown = false;
    let restMs = everyMs;
    while (!signal.aborted) {
      this.#woken = Promise.withResolvers();
      try {
        const inspection = await client.inspect();
        isKnown = true;
        const isRunning = inspection.resources.some(({ action }) => action !== undefined);
        restMs = everyMs * (isRunning ? runningFactor : idleFactor);
        yield { type: "seen", inspection };
      } catch (error) {
        if (!isKnown || !(error instanceof CliError) || error.exit === exitCode.denied) throw error;
        restMs = everyMs;
        yield { type: "lost", cause: error.message };
      }
      await this.#rest(everyMs, restMs);
    }
    await following;
  }

  /** Waits for something new: at least `minMs` unless it is urgent, at most `maxMs`. */
  async #rest(minMs: number, maxMs: number): Promise<void> {
    const { signal } = this.#options;
    const beganMs = performance.now();
    await Promise.race([this.#woken.promise, sleep(maxMs, signal)]);
    if (this.#isUrgent) {
      this.#isUrgent = false;
      return;
    }
    await sleep(minMs - (performance.now() - beganMs), signal);
  }

  /** An event wakes; what it says is seen by looking. */
  async #follow(): Promise<void> {
    const { client, everyMs, signal } = this.#options;
    while (!signal.aborted) {
      try {
        for await (const _line of client.follow(false, signal)) this.#woken.resolve();
        // Who said so long what happens has ended: a look says so at once.
        this.#woken.resolve();
      } catch (error) {
        // Where the agent cannot be asked, the look that follows says why.
        if (!(error instanceof CliError)) throw error;
      }
      await sleep(everyMs, signal);
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((slept) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      slept();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
