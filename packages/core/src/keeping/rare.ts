/** What an empty one goes through. */
const nothing: readonly never[] = [];

/**
 * So many entries are held side by side, and more in a table: up to there they take less than half as much memory, and
 * are found as fast. A guess; a mind has ten peers.
 */
const fewMax = 12;

/** Keys and values by turns, never changed: whoever goes through them is not disturbed. */
type Few<Key, Value> = readonly (Key | Value)[];

/**
 * A map that has few entries nearly always, or none: it holds no table then. An empty `Map` takes 180 bytes, one with ten
 * entries 520, and a mind has thirty of them; a simulator has a hundred thousand minds. Whoever goes through it sees
 * what was in it when that began, while it holds few.
 */
export class RareMap<Key, Value> {
  #held: Few<Key, Value> | Map<Key, Value> | undefined;

  constructor(entries: Iterable<readonly [Key, Value]> = nothing) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    const held = this.#held;
    if (held === undefined) return 0;
    return held instanceof Map ? held.size : held.length / 2;
  }

  get(key: Key): Value | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    if (held instanceof Map) return held.get(key);
    const at = placeOf(key, held);
    return at < 0 ? undefined : (held[at + 1] as Value);
  }

  has(key: Key): boolean {
    const held = this.#held;
    if (held === undefined) return false;
    return held instanceof Map ? held.has(key) : placeOf(key, held) >= 0;
  }

  set(key: Key, value: Value): void {
    const held = this.#held;
    if (held === undefined) this.#held = [key, value];
    else if (held instanceof Map) held.set(key, value);
    else this.#setAmongFew(held, key, value);
  }

  /** True when there was such a key. */
  delete(key: Key): boolean {
    const held = this.#held;
    if (held === undefined) return false;
    if (held instanceof Map) {
      if (!held.delete(key)) return false;
      if (held.size === 0) this.#held = undefined;
      return true;
    }
    const at = placeOf(key, held);
    if (at < 0) return false;
    this.#held = held.length === 2 ? undefined : held.toSpliced(at, 2);
    return true;
  }

  clear(): void {
    this.#held = undefined;
  }

  /** In the order of insertion, these three. */
  keys(): Iterable<Key> {
    const held = this.#held;
    if (held === undefined) return nothing;
    return held instanceof Map ? held.keys() : (held.filter((_, at) => at % 2 === 0) as Key[]);
  }

  values(): Iterable<Value> {
    const held = this.#held;
    if (held === undefined) return nothing;
    return held instanceof Map ? held.values() : (held.filter((_, at) => at % 2 === 1) as Value[]);
  }

  [Symbol.iterator](): Iterator<[Key, Value]> {
    const held = this.#held;
    if (held === undefined) return nothing.values();
    return (held instanceof Map ? held : pairsOf(held))[Symbol.iterator]();
  }

  #setAmongFew(held: Few<Key, Value>, key: Key, value: Value): void {
    const at = placeOf(key, held);
    // Of lists that are made at once none has room to spare.
    if (at >= 0) this.#held = held.with(at + 1, value);
    else if (held.length < 2 * fewMax) this.#held = held.concat([key, value]);
    else this.#held = new Map(pairsOf(held)).set(key, value);
  }
}

function placeOf<Key, Value>(key: Key, held: Few<Key, Value>): number {
  for (let at = 0; at < held.length; at += 2) if (held[at] === key) return at;
  return -1;
}

function pairsOf<Key, Value>(held: Few<Key, Value>): [Key, Value][] {
  const pairs: [Key, Value][] = [];
  for (let at = 0; at < held.length; at += 2) pairs.push([held[at] as Key, held[at + 1] as Value]);
  return pairs;
}

const emptyMap: ReadonlyMap<never, never> = new Map<never, never>();

/** A map that nobody changes any more: of the empty ones there is one for all. */
export function finished<Key, Value>(map: ReadonlyMap<Key, Value>): ReadonlyMap<Key, Value> {
  return map.size === 0 ? emptyMap : map;
}

const emptySet: ReadonlySet<never> = new Set<never>();

/** The same of a set. */
export function finishedSet<Item>(set: ReadonlySet<Item>): ReadonlySet<Item> {
  return set.size === 0 ? emptySet : set;
}

/** The set to a `RareMap`. */
export class RareSet<Item> {
  #held: readonly Item[] | Set<Item> | undefined;

  constructor(items: Iterable<Item> = nothing) {
    for (const item of items) this.add(item);
  }

  get size(): number {
    const held = this.#held;
    if (held === undefined) return 0;
    return held instanceof Set ? held.size : held.length;
  }

  has(item: Item): boolean {
    const held = this.#held;
    if (held === undefined) return false;
    return held instanceof Set ? held.has(item) : held.includes(item);
  }

  add(item: Item): void {
    const held = this.#held;
    if (held === undefined) this.#held = [item];
    else if (held instanceof Set) held.add(item);
    else if (held.includes(item)) return;
    else this.#held = held.length < fewMax ? held.concat([item]) : new Set(held).add(item);
  }

  /** True when it was there. */
  delete(item: Item): boolean {
    const held = this.#held;
    if (held === undefined) return false;
    if (held instanceof Set) {
      if (!held.delete(item)) return false;
      if (held.size === 0) this.#held = undefined;
      return true;
    }
    const at = held.indexOf(item);
    if (at < 0) return false;
    this.#held = held.length === 1 ? undefined : held.toSpliced(at, 1);
    return true;
  }

  clear(): void {
    this.#held = undefined;
  }

  /** In the order of insertion. */
  [Symbol.iterator](): Iterator<Item> {
    return (this.#held ?? nothing).values() as Iterator<Item>;
  }
}
