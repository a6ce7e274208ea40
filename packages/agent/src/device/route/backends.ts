import type { Duplex } from "node:stream";
import type { AgentId } from "@antibody/policy";
import { withDeadline } from "../../deadline.ts";

/** Time to reach one backend before the next is tried. A guess: two round trips of a bad link. */
const routeConnectTimeoutMs = 2_000;
/** Good answers of one backend are told at most this often: the mind needs the change, not the traffic. A guess. */
const answeredEveryMs = 1_000;

/** What the backends of a route need of the agent. */
export interface BackendsOptions {
  /** Where connections may go now, best first. */
  readonly list: () => readonly AgentId[];
  /** A byte stream to a backend. Rejects when it cannot be had. */
  readonly open: (backend: AgentId, signal: AbortSignal) => Promise<Duplex>;
  readonly routed: (backend: AgentId, result: "answered" | "failed") => void;
}

/** The backends of one route as its listener uses them: who is next, how many use it now, and what came of it. */
export class Backends {
  readonly #options: BackendsOptions;
  /** Connections or requests under way at each. */
  readonly #loads = new Map<AgentId, number>();
  readonly #answeredMs = new Map<AgentId, number>();

  constructor(options: BackendsOptions) {
    this.#options = options;
  }

  /** The one with the least under way that was not tried; of equals the best. Undefined when all were tried. */
  next(tried: ReadonlySet<AgentId>): AgentId | undefined {
    const left = this.#options.list().filter((backend) => !tried.has(backend));
    return left.toSorted((one, other) => this.#loadOf(one) - this.#loadOf(other))[0];
  }

  /** Whether anything may go there now. */
  has(backend: AgentId): boolean {
    return this.#options.list().includes(backend);
  }

  /** Counts something under way at a backend until it is released, once or more often. */
  use(backend: AgentId): () => void {
    this.#loads.set(backend, this.#loadOf(backend) + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const load = this.#loadOf(backend) - 1;
      if (load === 0) this.#loads.delete(backend);
      else this.#loads.set(backend, load);
    };
  }

  /** A byte stream to a backend within `routeConnectTimeoutMs`, unless the caller gives up before. */
  async reach(backend: AgentId, gaveUp: AbortSignal): Promise<Duplex> {
    return withDeadline({ ms: routeConnectTimeoutMs, signals: [gaveUp] }, (signal) =>
      withinSignal(this.#options.open(backend, signal), signal),
    );
  }

  answered(backend: AgentId): void {
    const nowMs = performance.now();
    if (nowMs - (this.#answeredMs.get(backend) ?? Number.NEGATIVE_INFINITY) < answeredEveryMs) return;
    this.#answeredMs.set(backend, nowMs);
    this.#options.routed(backend, "answered");
  }

  failed(backend: AgentId): void {
    this.#answeredMs.delete(backend);
    this.#options.routed(backend, "failed");
  }

  #loadOf(backend: AgentId): number {
    return this.#loads.get(backend) ?? 0;
  }
}

/** Waits no longer than the signal, also for one who does not heed it; a stream that comes too late is closed. */
async function withinSignal(opening: Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([opening, promise]);
  } catch (error) {
    opening.then(
      (late) => late.destroy(),
      () => {},
    );
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
