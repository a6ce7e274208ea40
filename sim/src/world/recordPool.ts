import { isDeepStrictEqual } from "node:util";
import type { JournalRecord } from "@antibody/core";

/** Keys that are remembered; beyond it all are forgotten and learned again. */
const keysMax = 4_096;

/** Lists that are remembered: of two repairs at a time either is the first. A guess. */
const listsMax = 16;

/** Records that journals have in common, once for all of them: under each key the value that was written last. */
export class RecordPool {
  readonly #last = new Map<string, JournalRecord>();
  /** The one that was found last in front. */
  readonly #lists: (readonly unknown[])[] = [];

  /** A list with the very same items, which the journals of others hold too. It is not to be changed. */
  listOf<Item>(list: readonly Item[]): readonly Item[] {
    const place = this.#lists.findIndex(
      (known) => known.length === list.length && known.every((item, index) => item === list[index]),
    );
    const shared = place < 0 ? list : (this.#lists[place] as readonly Item[]);
    if (place >= 0) this.#lists.splice(place, 1);
    else if (this.#lists.length === listsMax) this.#lists.pop();
    this.#lists.unshift(shared);
    return shared;
  }

  /** An equal record, which the journals of others hold too. */
  of(record: JournalRecord): JournalRecord {
    const known = this.#last.get(record.key);
    if (known !== undefined && isDeepStrictEqual(known.value, record.value)) return known;
    if (this.#last.size >= keysMax) this.#last.clear();
    const kept = { key: known?.key ?? record.key, value: record.value };
    this.#last.set(kept.key, kept);
    return kept;
  }
}
