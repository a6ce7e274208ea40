import { type Durability, type JournalRecord, RareMap, type Snapshot } from "@antibody/core";
import type { RecordPool } from "./recordPool.ts";

/**
 * Records that may wait for the card at once: the oldest half is on it then, as SQLite's checkpoint brings it there.
 * SQLite waits for 1,000 pages; a guess of how many records those are, and small enough for a large world.
 */
const unsyncedMax = 256;

/**
 * Records that were written and are not on the card yet, in the order of writing: by turns the key of one, and what the
 * card holds of it, or undefined. Replaced, never changed.
 */
type Unsynced = readonly (Snapshot | undefined)[];
const none: Unsynced = [];
const placesOfRecord = 2;

/**
 * One agent's durable records. What was persisted survives the process. With the power is lost what was persisted
 * `batched` and has not reached the card. A `sync` brings its own records there and no others: they are in a file of
 * their own on a device.
 */
export class Journal {
  readonly #pool: RecordPool;
  #records: RareMap<string, Snapshot> = RareMap.of();
  #unsynced: Unsynced = none;

  constructor(pool: RecordPool) {
    this.#pool = pool;
  }

  get isEmpty(): boolean {
    return this.#records.size === 0;
  }

  /** Records that would be lost with the power. */
  get unsyncedCount(): number {
    return this.#unsynced.length / placesOfRecord;
  }

  persist(durability: Durability, records: readonly JournalRecord[]): void {
    if (durability === "sync" && this.#unsynced.length > 0) {
      const keys = new Set<Snapshot | undefined>(records.map(({ key }) => key));
      this.#unsynced = this.#unsynced.filter((_, at, all) => !keys.has(all[at - (at % placesOfRecord)]));
    }
    const added: (Snapshot | undefined)[] = [];
    for (const record of records) {
      const { key, value } = this.#pool.of(record);
      if (durability === "batched") added.push(key, this.#records.get(key));
      this.#write(key, value ?? undefined);
    }
    if (added.length === 0) return;
    const unsynced = this.#unsynced.concat(added);
    const placesMax = placesOfRecord * unsyncedMax;
    this.#unsynced = this.#pool.listOf(
      unsynced.length > placesMax ? unsynced.slice(-placesMax / 2) : unsynced,
    );
  }

  /** The power fails: of what was not synced only so many records, the first ones, have reached the card. */
  losePower(survivors: number): void {
    const unsynced = this.#unsynced;
    for (let at = unsynced.length - placesOfRecord; at >= placesOfRecord * survivors; at -= placesOfRecord)
      this.#write(unsynced[at] as string, unsynced[at + 1]);
    this.#unsynced = none;
  }

  /** In order of keys. */
  records(): readonly JournalRecord[] {
    return [...this.#records.keys()]
      .sort()
      .map((key) => ({ key, value: this.#records.get(key) as Snapshot }));
  }

  #write(key: string, value: Snapshot | undefined): void {
    if (value === undefined) this.#records.delete(key);
    else this.#records = this.#records.with(key, value);
  }
}
