/**
 * Events within a second, or within one turn of the event loop, from which on they are a storm. Measured: a writer at
 * full speed causes twenty thousand a second, at a tenth of a processor; a package that is unpacked a few hundred. An
 * agent that gets little of a busy processor reads fewer in a second, and would never come to the end of such a turn.
 */
const stormEvents = 1_000;

/** Counts events of one source. */
export class EventMeter {
  #startMs = 0;
  #startTurn = 0;
  #count = 0;

  /** Counts one, in a turn of the event loop; true when it makes a storm, once in each. */
  storms(turn: number): boolean {
    this.#count += 1;
    if (this.#count === 1) {
      this.#startMs = performance.now();
      this.#startTurn = turn;
    }
    if (this.#count < stormEvents) return false;
    this.#count = 0;
    return turn === this.#startTurn || performance.now() - this.#startMs < 1_000;
  }
}
