/**
 * One after the other: for tools that hold a lock of the device. Two of them at once would fail each other, or wait
 * for each other without saying so.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs work when all that came before has ended, well or not. What was aborted while it waited does not run. */
  take<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
