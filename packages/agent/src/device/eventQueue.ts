import { readFileSync } from "node:fs";

/** What the kernel keeps for one reader where it does not say otherwise (inotify(7), max_queued_events). */
const queuedEventsDefault = 16_384;
/** What may have been lost is looked for at most this often. A guess: a sixth of a sweep. */
const searchEveryMs = 10_000;

/**
 * What can be known of the kernel's queue of events. When it overflows, events of all watches are lost, and neither
 * libuv nor Node tells it. But such a queue was full, and all of it is read in one turn of the event loop.
 */
export class EventQueue {
  readonly #search: () => void;
  /** So many in one turn are half of a full queue; of the rest nobody may be told, since their watches were closed. */
  readonly #floodEvents: number;
  #turn = 0;
  #turnEnd: NodeJS.Immediate | undefined;
  #count = 0;
  #mayHaveLost = false;
  #searchedMs = Number.NEGATIVE_INFINITY;
  #later: NodeJS.Timeout | undefined;

  /** `search` is called after a turn in which events may have been lost, when none of before wait any more. */
  constructor(search: () => void, queuedEventsMax: number = readQueuedEventsMax()) {
    this.#search = search;
    this.#floodEvents = Math.max(1, Math.floor(queuedEventsMax / 2));
  }

  /** A number that is the same for all events of one turn of the event loop. */
  get turn(): number {
    return this.#turn;
  }

  /** Counts an event. True once for so many that whoever causes them should be read no further. */
  count(): boolean {
    this.#awaitTurnEnd();
    this.#count += 1;
    if (this.#count % this.#floodEvents !== 0) return false;
    this.#mayHaveLost = true;
    return true;
  }

  /** A watch was closed while its events came too fast: what of them still lay in the queue is not counted. */
  closedInStorm(): void {
    this.#awaitTurnEnd();
    this.#mayHaveLost = true;
  }

  stop(): void {
    clearImmediate(this.#turnEnd);
    clearTimeout(this.#later);
  }

  #awaitTurnEnd(): void {
    this.#turnEnd ??= setImmediate(() => {
      this.#turnEnd = undefined;
      this.#turn += 1;
      this.#count = 0;
      if (!this.#mayHaveLost) return;
      this.#mayHaveLost = false;
      this.#searchSoon();
    });
  }

  #searchSoon(): void {
    const inMs = this.#searchedMs + searchEveryMs - performance.now();
    if (inMs <= 0) this.#searchNow();
    else this.#later ??= setTimeout(() => this.#searchNow(), inMs).unref();
  }

  #searchNow(): void {
    this.#later = undefined;
    this.#searchedMs = performance.now();
    this.#search();
  }
}

function readQueuedEventsMax(): number {
  try {
    const told = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
    return Number.isSafeInteger(told) && told > 0 ? told : queuedEventsDefault;
  } catch {
    return queuedEventsDefault;
  }
}
