/**
 * Events within a second from which on they are a storm. Measured: a writer at full speed causes twenty thousand, at a
 * tenth of a processor; a package that is unpacked a few hundred.
 */
const stormEventsPerSecond = 1_000;

/** Counts events of one source. */
export class EventMeter {
  #startMs = 0;
  #count = 0;

  /** Counts one; true when it makes a storm, once in each. */
  storms(): boolean {
    this.#count += 1;
    if (this.#count === 1) this.#startMs = performance.now();
    if (this.#count < stormEventsPerSecond) return false;
    this.#count = 0;
    return performance.now() - this.#startMs < 1_000;
  }
}
