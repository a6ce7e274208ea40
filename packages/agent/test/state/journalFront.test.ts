import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JournalRecord } from "@antibody/core";
import { expect, test } from "vitest";
import { Journal } from "../../src/state/journal.ts";
import { type StatePaths, statePaths } from "../../src/state/places.ts";
import { contents, wallMs, withJournal } from "./journals.ts";
import { scratchDirectory } from "./scratch.ts";

/** A kill: what was not handed to the kernel is gone, and nothing is closed. */
function killed(paths: StatePaths, use: (journal: Journal) => void): StatePaths {
  const journal = Journal.open(paths, wallMs);
  use(journal);
  const after = statePaths(scratchDirectory());
  cpSync(paths.directory, after.directory, { recursive: true });
  journal.close();
  return after;
}

const floors = (from: number, to: number): readonly JournalRecord[] =>
  Array.from({ length: to - from }, (_, index) => ({
    key: `floor/${from + index}`,
    value: { v: 1, filling: new Uint8Array(1_000) },
  }));

function persistAll(journal: Journal, records: readonly JournalRecord[]): void {
  for (const record of records) journal.persist("sync", [record]);
}

test("many times what the front has room for is there after a kill, each entry once acknowledged", () => {
  const paths = statePaths(scratchDirectory());
  const records = floors(0, 100);
  const after = killed(paths, (journal) => persistAll(journal, records));
  expect([...contents(after).keys()].sort()).toEqual(records.map(({ key }) => key).sort());
});

test("an entry of the front that was cut takes none before it away, and what comes after a start is found", () => {
  const first = statePaths(scratchDirectory());
  const second = killed(first, (journal) => persistAll(journal, floors(0, 5)));
  const bytes = readFileSync(second.front);
  bytes.fill(0xff, 4_500, 5_500);
  writeFileSync(second.front, bytes);
  const third = killed(second, (journal) => {
    expect(journal.read()).toHaveLength(4);
    persistAll(journal, floors(7, 8));
  });
  expect(contents(third).size).toBe(5);
});

test("what the front held before it was written over is not found again", () => {
  const paths = statePaths(scratchDirectory());
  const after = killed(paths, (journal) => {
    // As long as the ones that are written over: the next entry begins where the second did.
    for (const round of [1, 2]) {
      for (let n = 0; n < 40; n += 1) journal.persist("sync", [{ key: "floor/a", value: [round, 100 + n] }]);
    }
    journal.persist("batched", [{ key: "floor/a", value: null }]);
  });
  for (let start = 0; start < 3; start += 1) expect(contents(after)).toEqual(new Map());
});

test("a deletion outlives a kill, and the value that the front still holds", () => {
  const paths = statePaths(scratchDirectory());
  const after = killed(paths, (journal) => {
    journal.persist("sync", [{ key: "grant/a", value: 1 }]);
    journal.persist("sync", [{ key: "grant/a", value: null }]);
  });
  for (let start = 0; start < 3; start += 1) expect(contents(after)).toEqual(new Map());
});

test("without room for a front everything goes to the database", () => {
  const paths = statePaths(scratchDirectory());
  const after = killed(paths, (journal) => persistAll(journal, floors(0, 3)));
  // What is no file cannot be opened for writing.
  const last = statePaths(scratchDirectory());
  cpSync(after.directory, last.directory, { recursive: true });
  withJournal(last, () => undefined);
  rmSync(last.front);
  symlinkSync(join(last.directory, "nowhere", "front"), last.front);
  withJournal(last, (journal) => persistAll(journal, floors(3, 6)));
  rmSync(last.front);
  rmSync(last.history);
  expect(contents(last).size).toBe(6);
});
