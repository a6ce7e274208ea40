/**
 * Events within a second from which on they are a storm. Measured: a writer at full speed causes twenty thousand, at a
 * tenth of a processor; a package that is unpacked a few hundred.
 */
const stormEventsPerSecond = 1_000;

/** Counts events of one source. */
export class EventMeter {
  #secondMs = 0;
  #count = 0;

  /** Counts one; true when it makes a storm, once in each. */
  storms(): boolean {
    this.#count += 1;
    if (this.#count % stormEventsPerSecond !== 0) return false;
    const nowMs = performance.now();
    const isStorm = nowMs - this.#secondMs < 1_000;
    this.#secondMs = nowMs;
    return isStorm;
  }
}
