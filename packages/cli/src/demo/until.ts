import { setTimeout as wait } from "node:timers/promises";

/** Between two looks at a condition. Short beside every bound of the demo, long enough to cost nothing. */
const pollMs = 15;

/** How many times as long as a look the pause after it is: who looks at many agents does not keep them from their work. */
const pauseFactor = 4;

/**
 * Looks again and again until the condition holds. Rejects with the abort reason of the signal, saying what was
 * waited for. An error of the condition ends the wait.
 */
export async function until(
  what: string,
  signal: AbortSignal,
  condition: () => Promise<boolean> | boolean,
): Promise<void> {
  for (;;) {
    const startedMs = performance.now();
    if (await condition()) return;
    if (signal.aborted) throw new Error(`waited for ${what}`);
    const pauseMs = Math.max(pollMs, pauseFactor * (performance.now() - startedMs));
    await wait(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
