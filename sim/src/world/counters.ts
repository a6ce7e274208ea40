/** What a world counts. */
export interface WorldCounters {
  events: number;
  steps: number;
  messages: number;
  bytes: number;
  signatures: number;
  unsent: number;
  dials: number;
  knownRumors: number;
  dropped: number;
}

/** Nothing has happened yet. */
export function createCounters(): WorldCounters {
  return {
    events: 0,
    steps: 0,
    messages: 0,
    bytes: 0,
    signatures: 0,
    unsent: 0,
    dials: 0,
    knownRumors: 0,
    dropped: 0,
  };
}
