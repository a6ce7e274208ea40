import { compareText } from "@antibody/policy";
import { RareMap } from "./rare.ts";

/**
 * Entries by text key, iterated in key order, so that two agents (and two runs) see the same order whatever
 * the order of arrival. The simulator may bring a columnar one; both pass one contract suite.
 */
export interface Store<V> {
  readonly size: number;
  get(key: string): V | undefined;
  has(key: string): boolean;
  set(key: string, value: V): void;
  delete(key: string): boolean;
  /** In key order. The store must not change while it is iterated. */
  entries(): IterableIterator<[string, V]>;
  keys(): readonly string[];
}

/** The keys that were sorted last, by whomever: most minds of a simulator care for the same resources. */
let lastKeys: readonly string[] = [];

function sharedKeys(keys: readonly string[]): readonly string[] {
  const isSame = keys.length === lastKeys.length && keys.every((key, index) => key === lastKeys[index]);
  if (!isSame) lastKeys = keys;
  return lastKeys;
}

/** A store over a map; the order of keys is kept lazily, since lookups outnumber iterations. */
export class MapStore<V> implements Store<V> {
  #map: RareMap<string, V> = RareMap.of();
  #sorted: readonly string[] | undefined;

  constructor(entries: Iterable<readonly [string, V]> = []) {
    for (const [key, value] of entries) this.#map = this.#map.with(key, value);
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: string): V | undefined {
    return this.#map.get(key);
  }

  has(key: string): boolean {
    return this.#map.has(key);
  }

  set(key: string, value: V): void {
    if (!this.#map.has(key)) this.#sorted = undefined;
    this.#map = this.#map.with(key, value);
  }

  delete(key: string): boolean {
    const deleted = this.#map.delete(key);
    if (deleted) this.#sorted = undefined;
    return deleted;
  }

  *entries(): IterableIterator<[string, V]> {
    for (const key of this.keys()) yield [key, this.#map.get(key) as V];
  }

  keys(): readonly string[] {
    this.#sorted ??= sharedKeys([...this.#map.keys()].sort(compareText));
    return this.#sorted;
  }
}
