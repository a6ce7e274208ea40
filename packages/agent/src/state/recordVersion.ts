import type { JournalRecord } from "@antibody/core";
import { isPlainObject } from "@antibody/policy";
import { StateError } from "./stateError.ts";

/** The newest version of any record that this build writes. */
const recordVersionMax = 1;
/** Members are verified when they are read, and heard of again: one that is not understood costs nothing. */
const heardAgainPrefix = "member/";

/**
 * Throws a StateError (`stateNewer`) at a record of a newer build: what it means is not to be guessed, and writing
 * beside it could lose it.
 */
export function refuseNewerRecords(records: readonly JournalRecord[]): void {
  for (const { key, value } of records) {
    const version = isPlainObject(value) && !key.startsWith(heardAgainPrefix) ? value["v"] : undefined;
    if (typeof version !== "number" || version <= recordVersionMax) continue;
    const next = "Run that version, or restore a backup of the state directory.";
    throw new StateError("stateNewer", `a newer version of Antibody wrote ${key} into the journal`, next);
  }
}
