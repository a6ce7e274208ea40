import type { Durability, JournalRecord, Snapshot } from "@antibody/core";

/** What a record was worth when power last lasted for sure; absent: it was not there. */
type Before = { readonly value: Snapshot | undefined };

/**
 * One agent's durable records. What was persisted survives the process. What was persisted `batched` since the last
 * `sync` is lost with the power: a `sync` brings everything before it to the card, as SQLite's log does.
 */
export class Journal {
  readonly #records = new Map<string, Snapshot>();
  /** Keys written since the last sync, with what they held before. */
  readonly #unsynced = new Map<string, Before>();

  get isEmpty(): boolean {
    return this.#records.size === 0;
  }

  persist(durability: Durability, records: readonly JournalRecord[]): void {
    for (const { key, value } of records) {
      if (!this.#unsynced.has(key)) this.#unsynced.set(key, { value: this.#records.get(key) });
      this.#write(key, value ?? undefined);
    }
    if (durability === "sync") this.#unsynced.clear();
  }

  /** The power fails: every record is as it was at the last sync. */
  losePower(): void {
    for (const [key, { value }] of this.#unsynced) this.#write(key, value);
    this.#unsynced.clear();
  }

  /** In order of keys. */
  records(): readonly JournalRecord[] {
    return [...this.#records.keys()]
      .sort()
      .map((key) => ({ key, value: this.#records.get(key) as Snapshot }));
  }

  #write(key: string, value: Snapshot | undefined): void {
    if (value === undefined) this.#records.delete(key);
    else this.#records.set(key, value);
  }
}
