import autocannon from "autocannon";
import type { Run } from "../run.ts";

/** Requests a second, for so long, over so many connections. From the project's goal for routes under load. */
const requestsPerSecond = 200;
export const loadMs = 60_000;
const connections = 20;
/** A request that takes longer has failed. */
const timeoutSeconds = 5;

/** One request that did not succeed. */
interface Failure {
  /** Since the start of the load. */
  readonly atMs: number;
  readonly why: string;
}

/** What a load came to. */
export interface Loaded {
  readonly requests: number;
  readonly failures: readonly Failure[];
  /** How long successful requests took, in milliseconds. */
  readonly tookMs: readonly number[];
}

/** Calls a URL at a steady rate by autocannon. */
export async function load(run: Run, url: string): Promise<Loaded> {
  const failures: Failure[] = [];
  const tookMs: number[] = [];
  const startedMs = performance.now();
  const fail = (why: string): void => void failures.push({ atMs: performance.now() - startedMs, why });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const instance = autocannon(
    {
      url,
      connections,
      overallRate: requestsPerSecond,
      duration: loadMs / 1_000,
      timeout: timeoutSeconds,
    },
    (error) => (error === null || error === undefined ? resolve() : reject(error)),
  );
  instance.on("response", (_client, status, _bytes, responseMs) => {
    if (status === 200) tookMs.push(responseMs);
    else fail(`status ${status}`);
  });
  instance.on("reqError", (error: unknown) => fail(error instanceof Error ? error.message : String(error)));
  const stop = (): void => void instance.stop();
  run.signal.addEventListener("abort", stop, { once: true });
  try {
    await promise;
  } finally {
    run.signal.removeEventListener("abort", stop);
  }
  run.signal.throwIfAborted();
  return { requests: tookMs.length + failures.length, failures, tookMs };
}
