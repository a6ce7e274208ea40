import { setTimeout as wait } from "node:timers/promises";

/** Between two looks at a condition. Short beside every bound of the demo, long enough to cost nothing. */
const pollMs = 15;

/**
 * Looks again and again until the condition holds. Rejects with the abort reason of the signal, saying what was
 * waited for. An error of the condition ends the wait.
 */
export async function until(
  what: string,
  signal: AbortSignal,
  condition: () => Promise<boolean> | boolean,
): Promise<void> {
  while (!(await condition())) {
    if (signal.aborted) throw new Error(`waited for ${what}`);
    await wait(pollMs, undefined, { signal }).catch(() => undefined);
  }
}
