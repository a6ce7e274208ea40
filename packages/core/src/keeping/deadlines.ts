import { type MonotonicMs, NEVER } from "../contract/time.ts";

/**
 * Deadlines by key, as state: nothing rings, the owner asks. A binary heap ordered by (time, key) with lazy
 * removal, so that a thousand resources cost no more than the few that are due.
 */
export class Deadlines {
  readonly #at = new Map<string, MonotonicMs>();
  #heap: (readonly [MonotonicMs, string])[] = [];

  constructor(entries: Iterable<readonly [string, MonotonicMs]> = []) {
    for (const [key, at] of entries) this.set(key, at);
  }

  get size(): number {
    return this.#at.size;
  }

  get(key: string): MonotonicMs | undefined {
    return this.#at.get(key);
  }

  /** Replaces the deadline of a key; NEVER removes it. Putting off costs nothing until the old time comes. */
  set(key: string, at: MonotonicMs): void {
    const before = this.#at.get(key);
    if (before === at) return;
    if (at === NEVER) {
      this.#at.delete(key);
      return;
    }
    this.#at.set(key, at);
    // Every key has an entry in the heap that is not after its deadline.
    if (before !== undefined && before < at) return;
    this.#push([at, key]);
    // Moved deadlines leave stale entries behind; rebuild before they outnumber the living.
    if (this.#heap.length > 2 * this.#at.size + 64) this.#rebuild();
  }

  delete(key: string): void {
    this.#at.delete(key);
  }

  /** The earliest deadline, or NEVER. */
  earliest(): MonotonicMs {
    this.#dropStale();
    return this.#heap[0]?.[0] ?? NEVER;
  }

  /** Removes and returns one key that is due at `now`, earliest first, ties by key; undefined when none is. */
  takeDue(now: MonotonicMs): string | undefined {
    this.#dropStale();
    const top = this.#heap[0];
    if (top === undefined || top[0] > now) return undefined;
    this.#pop();
    this.#at.delete(top[1]);
    return top[1];
  }

  /** For dumps: every key with its deadline, in key order. */
  entries(): [string, MonotonicMs][] {
    return [...this.#at].sort(([left], [right]) => (left < right ? -1 : 1));
  }

  /** Until the top of the heap is a deadline: what was removed goes, what was put off moves to its time. */
  #dropStale(): void {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return;
      const at = this.#at.get(top[1]);
      if (at === top[0]) return;
      this.#pop();
      if (at !== undefined && at > top[0]) this.#push([at, top[1]]);
    }
  }

  #rebuild(): void {
    this.#heap = [];
    for (const [key, at] of this.#at) this.#push([at, key]);
  }

  #push(item: readonly [MonotonicMs, string]): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(item, heap[parent] as readonly [MonotonicMs, string])) break;
      heap[index] = heap[parent] as readonly [MonotonicMs, string];
      index = parent;
    }
    heap[index] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as readonly [MonotonicMs, string])) child += 1;
      if (!isBefore(heap[child] as readonly [MonotonicMs, string], last)) break;
      heap[index] = heap[child] as readonly [MonotonicMs, string];
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(left: readonly [MonotonicMs, string], right: readonly [MonotonicMs, string]): boolean {
  return left[0] < right[0] || (left[0] === right[0] && left[1] < right[1]);
}
