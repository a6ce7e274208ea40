/** Lifeguard (Dadgar et al., 2017) saturates its local health multiplier at 8. */
const scoreMax = 8;

/**
 * How far this agent trusts its own observations (Lifeguard): each probe that it sees fail raises the score, each
 * that is answered in time lowers it. A slow agent thus waits longer before it suspects others of its own fault.
 */
export class LocalHealth {
  #score: number;

  constructor(score = 0) {
    this.#score = score;
  }

  /** 0 for a healthy agent, at most 8. */
  get score(): number {
    return this.#score;
  }

  /** What times of waiting are multiplied by. */
  get factor(): number {
    return this.#score + 1;
  }

  answered(): void {
    this.#score = Math.max(0, this.#score - 1);
  }

  missed(): void {
    this.#score = Math.min(scoreMax, this.#score + 1);
  }
}
