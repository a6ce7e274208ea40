/** What an empty one goes through. */
const nothing: readonly never[] = [];

/**
 * A map that is empty nearly always: it holds no table then. An empty `Map` takes 180 bytes, and a mind has thirty of
 * them; a simulator has ten thousand minds.
 */
export class RareMap<Key, Value> {
  #map: Map<Key, Value> | undefined;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  get(key: Key): Value | undefined {
    return this.#map?.get(key);
  }

  has(key: Key): boolean {
    return this.#map?.has(key) ?? false;
  }

  set(key: Key, value: Value): void {
    this.#map ??= new Map();
    this.#map.set(key, value);
  }

  /** True when there was such a key. */
  delete(key: Key): boolean {
    if (this.#map?.delete(key) !== true) return false;
    if (this.#map.size === 0) this.#map = undefined;
    return true;
  }

  clear(): void {
    this.#map = undefined;
  }

  /** In the order of insertion, these three. */
  keys(): Iterable<Key> {
    return this.#map?.keys() ?? nothing;
  }

  values(): Iterable<Value> {
    return this.#map?.values() ?? nothing;
  }

  [Symbol.iterator](): Iterator<[Key, Value]> {
    return (this.#map ?? nothing).entries() as Iterator<[Key, Value]>;
  }
}

const emptyMap: ReadonlyMap<never, never> = new Map<never, never>();

/** A map that nobody changes any more: of the empty ones there is one for all. */
export function finished<Key, Value>(map: ReadonlyMap<Key, Value>): ReadonlyMap<Key, Value> {
  return map.size === 0 ? emptyMap : map;
}

/** The same for a set. */
export class RareSet<Item> {
  #set: Set<Item> | undefined;

  get size(): number {
    return this.#set?.size ?? 0;
  }

  has(item: Item): boolean {
    return this.#set?.has(item) ?? false;
  }

  add(item: Item): void {
    this.#set ??= new Set();
    this.#set.add(item);
  }

  /** True when it was there. */
  delete(item: Item): boolean {
    if (this.#set?.delete(item) !== true) return false;
    if (this.#set.size === 0) this.#set = undefined;
    return true;
  }

  clear(): void {
    this.#set = undefined;
  }

  /** In the order of insertion. */
  [Symbol.iterator](): Iterator<Item> {
    return (this.#set ?? nothing).values();
  }
}
