import { isDeepStrictEqual } from "node:util";
import type { JournalRecord } from "@antibody/core";

/** Keys that are remembered; beyond it all are forgotten and learned again. */
const keysMax = 4_096;

/** Records that journals have in common, once for all of them: under each key the value that was written last. */
export class RecordPool {
  readonly #last = new Map<string, JournalRecord>();

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
