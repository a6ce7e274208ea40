import { widened } from "../stores/widened.ts";

const none = -1;
const initialCapacity = 65_536;

/** The events of a queue as columns, reused through a free list, and binary heaps of slot numbers over them. */
export class EventSlots {
  atUs: Float64Array = new Float64Array(initialCapacity);
  destination: Int32Array = new Int32Array(initialCapacity);
  source: Int32Array = new Int32Array(initialCapacity);
  kind: Uint8Array = new Uint8Array(initialCapacity);
  tag: Int32Array = new Int32Array(initialCapacity);
  sequence: Float64Array = new Float64Array(initialCapacity);
  /** The next slot of a linked list: of a bucket, or of the free list. */
  next: Int32Array = new Int32Array(initialCapacity);
  readonly payload: unknown[] = new Array<unknown>(initialCapacity).fill(undefined);
  readonly #slotsMax: number;
  readonly #rank: Int32Array | undefined;
  #free = none;
  #used = 0;
  #sequence = 0;

  constructor(slotsMax: number, rank: Int32Array | undefined) {
    this.#slotsMax = slotsMax;
    this.#rank = rank;
  }

  /** The place of a destination among those of one time: its number, where nothing else was asked for. */
  rankOf(destination: number): number {
    return this.#rank?.[destination] ?? destination;
  }

  /** Fills a free slot and gives it the next sequence number. */
  take(
    atUs: number,
    destination: number,
    source: number,
    kind: number,
    tag: number,
    payload: unknown,
  ): number {
    let slot = this.#free;
    if (slot !== none) this.#free = this.next[slot] as number;
    else {
      slot = this.#used;
      this.#used += 1;
      if (slot >= this.atUs.length) this.#grow();
    }
    this.atUs[slot] = atUs;
    this.destination[slot] = destination;
    this.source[slot] = source;
    this.kind[slot] = kind;
    this.tag[slot] = tag;
    this.sequence[slot] = this.#sequence;
    this.#sequence += 1;
    this.payload[slot] = payload;
    return slot;
  }

  release(slot: number): void {
    this.payload[slot] = undefined;
    this.next[slot] = this.#free;
    this.#free = slot;
  }

  /** Whether an event comes before another: by time, destination, source, kind, sequence. */
  isBefore(left: number, right: number): boolean {
    let difference = (this.atUs[left] as number) - (this.atUs[right] as number);
    if (difference !== 0) return difference < 0;
    difference =
      this.rankOf(this.destination[left] as number) - this.rankOf(this.destination[right] as number);
    if (difference !== 0) return difference < 0;
    difference = (this.source[left] as number) - (this.source[right] as number);
    if (difference !== 0) return difference < 0;
    difference = (this.kind[left] as number) - (this.kind[right] as number);
    if (difference !== 0) return difference < 0;
    return (this.sequence[left] as number) < (this.sequence[right] as number);
  }

  heapPush(heap: number[], slot: number): void {
    let index = heap.length;
    heap.push(slot);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as number;
      if (!this.isBefore(slot, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = slot;
  }

  /** Takes the first slot of a heap that is not empty. */
  heapPop(heap: number[]): number {
    const top = heap[0] as number;
    const last = heap.pop() as number;
    const length = heap.length;
    if (length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && this.isBefore(heap[child + 1] as number, heap[child] as number)) child += 1;
      const below = heap[child] as number;
      if (!this.isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return top;
  }

  #grow(): void {
    const capacity = this.atUs.length * 2;
    if (capacity > this.#slotsMax) throw new Error(`More than ${this.#slotsMax / 2} events wait at once`);
    this.atUs = widened(new Float64Array(capacity), this.atUs);
    this.sequence = widened(new Float64Array(capacity), this.sequence);
    this.destination = widened(new Int32Array(capacity), this.destination);
    this.source = widened(new Int32Array(capacity), this.source);
    this.tag = widened(new Int32Array(capacity), this.tag);
    this.next = widened(new Int32Array(capacity), this.next);
    this.kind = widened(new Uint8Array(capacity), this.kind);
  }
}
