/** The part of a world's agents that one thread simulates: every so many-th of them. */
export interface Share {
  readonly index: number;
  /** Threads of the run. */
  readonly count: number;
}

/** All agents, in one thread. */
export const wholeShare: Share = { index: 0, count: 1 };

/** Threads of a run. A guess: more than a machine of today has for it. */
export const sharesMax = 16;

/** Which thread simulates an agent. */
export function shareOf(agent: number, { count }: Share): number {
  return agent % count;
}

export function isOf(agent: number, share: Share): boolean {
  return share.count === 1 || agent % share.count === share.index;
}
