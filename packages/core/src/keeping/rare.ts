import { type Marked, markOf, placeOf, placesOf } from "./marked.ts";

/** A list of nothing, one for all: each of its own would take 32 bytes, and a mind has twenty. */
export const nothing: readonly never[] = [];

/**
 * So many entries are held side by side, and more in a table: up to there they take less than half as much memory, and
 * are found as fast. A guess; a mind has ten peers.
 */
const fewMax = 12;

/** Mark, key and value by turns; never changed: whoever goes through them is not disturbed. */
type Few<Key, Value> = Marked<Key | Value>;
const placesOfMap = 3;

/**
 * A map that has few entries nearly always, or none: it holds no table then. An empty `Map` takes 180 bytes, one with ten
 * entries 520, and a mind has forty of them; a simulator has a hundred thousand minds. Of those that nothing was put
 * into there is one for all, which never changes: so whoever puts something in goes on with what `with` gives. Whoever
 * goes through it sees what was in it when that began, while it holds few.
 */
export class RareMap<Key, Value> {
  static readonly #empty = new RareMap<never, never>();
  #held: Few<Key, Value> | Map<Key, Value> | undefined;

  private constructor() {}

  static of<Key, Value>(entries: Iterable<readonly [Key, Value]> = nothing): RareMap<Key, Value> {
    let map: RareMap<Key, Value> = RareMap.#empty;
    for (const [key, value] of entries) map = map.with(key, value);
    return map;
  }

  get size(): number {
    const held = this.#held;
    if (held === undefined) return 0;
    return held instanceof Map ? held.size : held.length / placesOfMap;
  }

  get(key: Key): Value | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    if (held instanceof Map) return held.get(key);
    const at = placeOf(key, held, placesOfMap);
    return at < 0 ? undefined : (held[at + 2] as Value);
  }

  has(key: Key): boolean {
    const held = this.#held;
    if (held === undefined) return false;
    return held instanceof Map ? held.has(key) : placeOf(key, held, placesOfMap) >= 0;
  }

  /** Puts an entry in, and gives the map to go on with: this one, unless nothing was ever put into it. */
  with(key: Key, value: Value): RareMap<Key, Value> {
    const map = (this as RareMap<unknown, unknown>) === RareMap.#empty ? new RareMap<Key, Value>() : this;
    const held = map.#held;
    if (held === undefined) map.#held = [markOf(key), key, value];
    else if (held instanceof Map) held.set(key, value);
    else map.#held = withEntry(held, key, value);
    return map;
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
    const at = placeOf(key, held, placesOfMap);
    if (at < 0) return false;
    this.#held = held.length === placesOfMap ? undefined : held.toSpliced(at, placesOfMap);
    return true;
  }

  /** Removes all whose value is so. */
  deleteWhere(isVoid: (value: Value) => boolean): void {
    const held = this.#held;
    if (held === undefined) return;
    if (held instanceof Map) {
      for (const [key, value] of held) if (isVoid(value)) this.delete(key);
      return;
    }
    for (let at = 0; at < held.length; at += placesOfMap) {
      if (isVoid(held[at + 2] as Value)) this.delete(held[at + 1] as Key);
    }
  }

  clear(): void {
    this.#held = undefined;
  }

  /** In the order of insertion, these three. */
  keys(): Iterable<Key> {
    const held = this.#held;
    if (held === undefined) return nothing;
    return held instanceof Map ? held.keys() : (placesOf(held, placesOfMap, 1) as Key[]);
  }

  values(): Iterable<Value> {
    const held = this.#held;
    if (held === undefined) return nothing;
    return held instanceof Map ? held.values() : (placesOf(held, placesOfMap, 2) as Value[]);
  }

  [Symbol.iterator](): Iterator<[Key, Value]> {
    const held = this.#held;
    if (held === undefined) return nothing.values();
    return (held instanceof Map ? held : pairsOf(held))[Symbol.iterator]();
  }
}

/** Of lists that are made at once none has room to spare. */
function withEntry<Key, Value>(
  held: Few<Key, Value>,
  key: Key,
  value: Value,
): Few<Key, Value> | Map<Key, Value> {
  const at = placeOf(key, held, placesOfMap);
  if (at >= 0) return held.with(at + 2, value);
  return held.length < placesOfMap * fewMax
    ? held.concat([markOf(key), key, value])
    : new Map(pairsOf(held)).set(key, value);
}

function pairsOf<Key, Value>(held: Few<Key, Value>): [Key, Value][] {
  const pairs: [Key, Value][] = [];
  for (let at = 0; at < held.length; at += placesOfMap)
    pairs.push([held[at + 1] as Key, held[at + 2] as Value]);
  return pairs;
}

/** A list that nobody changes any more: of the empty ones there is one for all. */
export function finishedList<Item>(list: readonly Item[]): readonly Item[] {
  return list.length === 0 ? nothing : list;
}

const emptyMap: ReadonlyMap<never, never> = new Map<never, never>();

/** The same of a map. */
export function finished<Key, Value>(map: ReadonlyMap<Key, Value>): ReadonlyMap<Key, Value> {
  return map.size === 0 ? emptyMap : map;
}

const emptySet: ReadonlySet<never> = new Set<never>();

/** The same of a set. */
export function finishedSet<Item>(set: ReadonlySet<Item>): ReadonlySet<Item> {
  return set.size === 0 ? emptySet : set;
}

const placesOfSet = 2;

/** The set to a `RareMap`. */
export class RareSet<Item> {
  static readonly #empty = new RareSet<never>();
  /** Mark and item by turns, as there. */
  #held: Marked<Item> | Set<Item> | undefined;

  private constructor() {}

  static of<Item>(items: Iterable<Item> = nothing): RareSet<Item> {
    let set: RareSet<Item> = RareSet.#empty;
    for (const item of items) set = set.with(item);
    return set;
  }

  get size(): number {
    const held = this.#held;
    if (held === undefined) return 0;
    return held instanceof Set ? held.size : held.length / placesOfSet;
  }

  has(item: Item): boolean {
    const held = this.#held;
    if (held === undefined) return false;
    return held instanceof Set ? held.has(item) : placeOf(item, held, placesOfSet) >= 0;
  }

  /** Puts an item in, and gives the set to go on with, as there. */
  with(item: Item): RareSet<Item> {
    const set = (this as RareSet<unknown>) === RareSet.#empty ? new RareSet<Item>() : this;
    const held = set.#held;
    if (held === undefined) set.#held = [markOf(item), item];
    else if (held instanceof Set) held.add(item);
    else if (placeOf(item, held, placesOfSet) >= 0) return set;
    else if (held.length < placesOfSet * fewMax) set.#held = held.concat([markOf(item), item]);
    else set.#held = new Set(placesOf(held, placesOfSet, 1)).add(item);
    return set;
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
    const at = placeOf(item, held, placesOfSet);
    if (at < 0) return false;
    this.#held = held.length === placesOfSet ? undefined : held.toSpliced(at, placesOfSet);
    return true;
  }

  clear(): void {
    this.#held = undefined;
  }

  /** In the order of insertion. */
  [Symbol.iterator](): Iterator<Item> {
    const held = this.#held;
    if (held === undefined) return nothing.values();
    return (held instanceof Set ? held : placesOf(held, placesOfSet, 1)).values();
  }
}
