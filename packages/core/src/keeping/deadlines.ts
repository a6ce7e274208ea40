import { type MonotonicMs, NEVER } from "../contract/time.ts";
import { nothing, RareMap } from "./rare.ts";

type Entry = readonly [at: MonotonicMs, key: string];

/** So many keys are looked through faster than a heap of them is kept. Measured with ten watches of a mind. */
const scannedMax = 24;

/**
 * Deadlines by key, as state: nothing rings, the owner asks. Few are looked through and the earliest is remembered;
 * many are kept in a binary heap ordered by (time, key), so that a thousand resources cost no more than the few
 * that are due. Of those without any there is one for all, as with a `RareMap`.
 */
export class Deadlines {
  static readonly #none = new Deadlines();
  #at: RareMap<string, MonotonicMs> = RareMap.of();
  /** Only where there are many; every key then has an entry that is not after its deadline. */
  #heap: Entry[] | undefined;
  /** The earliest of few, where it is known. */
  #first: Entry | undefined;

  private constructor() {}

  static of(entries: Iterable<readonly [string, MonotonicMs]> = nothing): Deadlines {
    let deadlines = Deadlines.#none;
    for (const [key, at] of entries) deadlines = deadlines.with(key, at);
    return deadlines;
  }

  get size(): number {
    return this.#at.size;
  }

  get(key: string): MonotonicMs | undefined {
    return this.#at.get(key);
  }

  /** Replaces the deadline of a key, or removes it by NEVER, and gives the deadlines to go on with. */
  with(key: string, at: MonotonicMs): Deadlines {
    if (at === NEVER) {
      this.delete(key);
      return this;
    }
    const deadlines = this === Deadlines.#none ? new Deadlines() : this;
    deadlines.#set(key, at);
    return deadlines;
  }

  #set(key: string, at: MonotonicMs): void {
    const before = this.#at.get(key);
    if (before === at) return;
    this.#at = this.#at.with(key, at);
    if (this.#heap !== undefined) {
      // Putting off costs nothing until the old time comes.
      if (before === undefined || at < before) this.#queue(this.#heap, [at, key]);
    } else if (this.#at.size > scannedMax) this.#makeHeap();
    else if (this.#first?.[1] === key) this.#first = undefined;
    else if (this.#first !== undefined && isBefore(at, key, this.#first)) this.#first = [at, key];
  }

  delete(key: string): void {
    this.#at.delete(key);
    if (this.#first?.[1] === key) this.#first = undefined;
  }

  /** The earliest deadline, or NEVER. */
  earliest(): MonotonicMs {
    return this.#earliest()?.[0] ?? NEVER;
  }

  /** Removes and returns one key that is due at `now`, earliest first, ties by key; undefined when none is. */
  takeDue(now: MonotonicMs): string | undefined {
    const first = this.#earliest();
    if (first === undefined || first[0] > now) return undefined;
    if (this.#heap !== undefined) popFirst(this.#heap);
    this.delete(first[1]);
    return first[1];
  }

  /** For dumps: every key with its deadline, in key order. */
  entries(): [string, MonotonicMs][] {
    return [...this.#at].sort(([left], [right]) => (left < right ? -1 : 1));
  }

  #earliest(): Entry | undefined {
    if (this.#heap !== undefined) return this.#firstOfHeap(this.#heap);
    if (this.#first === undefined && this.size > 0) {
      for (const [key, at] of this.#at) {
        if (this.#first === undefined || isBefore(at, key, this.#first)) this.#first = [at, key];
      }
    }
    return this.#first;
  }

  /** What was removed goes, what was put off moves to its time, until the top of the heap is a deadline. */
  #firstOfHeap(heap: Entry[]): Entry | undefined {
    for (;;) {
      const top = heap[0];
      if (top === undefined) return undefined;
      const at = this.get(top[1]);
      if (at === top[0]) return top;
      popFirst(heap);
      if (at !== undefined && at > top[0]) push(heap, [at, top[1]]);
    }
  }

  #queue(heap: Entry[], entry: Entry): void {
    push(heap, entry);
    // Moved deadlines leave stale entries behind; begin again before they outnumber the living.
    if (heap.length > 2 * this.size + 64) this.#makeHeap();
  }

  #makeHeap(): void {
    const heap: Entry[] = [];
    for (const [key, at] of this.#at) push(heap, [at, key]);
    this.#heap = heap;
    this.#first = undefined;
  }
}

function isBefore(at: MonotonicMs, key: string, other: Entry): boolean {
  return at < other[0] || (at === other[0] && key < other[1]);
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as Entry;
    if (!isBefore(entry[0], entry[1], above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = entry;
}

function popFirst(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right !== undefined && isBefore(right[0], right[1], heap[child] as Entry)) child += 1;
    const lower = heap[child] as Entry;
    if (!isBefore(lower[0], lower[1], last)) break;
    heap[index] = lower;
    index = child;
  }
  heap[index] = last;
}
