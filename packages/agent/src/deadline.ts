/** What ends a piece of work before its time. */
export interface Bounds {
  /** How long it may take, up to 2^31 - 1. Absent: as long as the signals let it. */
  readonly ms?: number;
  readonly signals: readonly AbortSignal[];
}

/**
 * Runs work under one signal, which aborts with the first of `signals`, and with a `TimeoutError` after `ms`; it stays
 * silent once the work is over, and nothing is kept then. The work is not left behind: it must heed the signal.
 *
 * It stands in for `AbortSignal.any` over an `AbortSignal.timeout`, which Node may collect before it fires, or before
 * anybody has looked, so that the work goes on for ever (nodejs/node#57736, #65995; so on 20.20 and 24.21).
 */
export async function withDeadline<Result>(
  bounds: Bounds,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { ms, signals } = bounds;
  const ending = new AbortController();
  const stopListening = signals.map((signal) => {
    const abort = (): void => ending.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    return () => signal.removeEventListener("abort", abort);
  });
  const timeOut = (): void => ending.abort(new DOMException("It took too long", "TimeoutError"));
  const timer = ms === undefined ? undefined : setTimeout(timeOut, ms).unref();
  try {
    return await work(ending.signal);
  } finally {
    clearTimeout(timer);
    for (const stop of stopListening) stop();
  }
}
