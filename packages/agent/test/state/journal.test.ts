import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Durability, JournalRecord, Snapshot } from "@antibody/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Journal } from "../../src/state/journal.ts";
import { type StatePaths, statePaths } from "../../src/state/places.ts";
import { StateError } from "../../src/state/stateError.ts";
import { contents, wallMs, withJournal } from "./journals.ts";
import { scratchDirectory } from "./scratch.ts";

const snapshots = fc.letrec<{ value: Snapshot }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.constant(Number.POSITIVE_INFINITY),
    fc.string({ unit: "grapheme" }),
    fc.uint8Array({ maxLength: 200 }),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 3, noNullPrototype: true },
    ),
  ),
})).value;

const writes = fc.array(
  fc.record({
    durability: fc.constantFrom<Durability>("sync", "batched"),
    records: fc.array(
      fc.record({
        key: fc.constantFrom("a", "b/c", "d"),
        // The same value again, and a deletion, are cases of their own.
        value: fc.oneof(fc.constantFrom<Snapshot>(null, 1), snapshots),
      }),
      { maxLength: 3 },
    ),
    reopen: fc.boolean(),
  }),
  { maxLength: 8 },
);

test("what is read is what was last persisted, whatever the durability and however often it is opened", () => {
  const paths = statePaths(scratchDirectory());
  let journal = Journal.open(paths, wallMs);
  const expected = new Map<string, Snapshot>();
  const check = (): void =>
    expect(new Map(journal.read().map(({ key, value }) => [key, value]))).toEqual(expected);
  fc.assert(
    fc.property(writes, (steps) => {
      for (const { durability, records, reopen } of steps) {
        journal.persist(durability, records);
        for (const { key, value } of records) {
          if (value === null) expected.delete(key);
          else expected.set(key, value);
        }
        if (!reopen) continue;
        journal.close();
        journal = Journal.open(paths, wallMs);
      }
      check();
    }),
    { numRuns: 60 },
  );
  journal.close();
});

test("a process killed at any moment has kept every record that was acknowledged", async () => {
  const directory = scratchDirectory();
  for (let kill = 0; kill < 6; kill += 1) {
    const child = spawn(process.execPath, [join(import.meta.dirname, "persistForever.ts"), directory]);
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split("\n").length > 20 + kill * 17) child.kill("SIGKILL");
    });
    await once(child, "close");
    const acknowledged = said.slice(0, said.lastIndexOf("\n")).split("\n").map(Number);
    const held = contents(statePaths(directory));
    expect(acknowledged.filter((n) => !held.has(`record/${n}`))).toEqual([]);
    // At most the one record that was being persisted is there without having been acknowledged.
    expect(held.size).toBeLessThanOrEqual((acknowledged.at(-1) ?? 0) + 2);
  }
});

/** The state of a power cut: the history lost what was written since it was copied. */
function losingHistory(paths: StatePaths, lose: () => void): void {
  const before = readFileSync(paths.history);
  lose();
  writeFileSync(paths.history, before);
}

test("what was persisted with sync survives a power cut that loses the history's newest writes", () => {
  const paths = statePaths(scratchDirectory());
  withJournal(paths, (journal) =>
    journal.persist("batched", [
      { key: "kept", value: 1 },
      { key: "gone", value: 1 },
    ]),
  );
  losingHistory(paths, () =>
    withJournal(paths, (journal) => {
      journal.persist("sync", [
        { key: "kept", value: 2 },
        { key: "gone", value: null },
      ]);
    }),
  );
  expect(contents(paths)).toEqual(new Map([["kept", 2]]));
  // Deletions are forgotten at the next start, and stay true.
  expect(contents(paths)).toEqual(new Map([["kept", 2]]));
});

test("a start after a kill that came before the copy gives the history what it lacks, with the next sync", () => {
  const paths = statePaths(scratchDirectory());
  withJournal(paths, (journal) => journal.persist("sync", [{ key: "floor/1", value: 1 }]));
  losingHistory(paths, () =>
    withJournal(paths, (journal) => journal.persist("sync", [{ key: "floor/2", value: 2 }])),
  );
  withJournal(paths, (journal) => journal.persist("sync", [{ key: "floor/3", value: 3 }]));
  rmSync(paths.journal);
  expect(contents(paths)).toEqual(
    new Map([
      ["floor/1", 1],
      ["floor/2", 2],
      ["floor/3", 3],
    ]),
  );
});

test("a batched value that follows a synced one of its key stands, also in the history alone", () => {
  const paths = statePaths(scratchDirectory());
  withJournal(paths, (journal) => {
    journal.persist("sync", [{ key: "a", value: 1 }]);
    journal.persist("batched", [{ key: "a", value: 2 }]);
  });
  expect(contents(paths)).toEqual(new Map([["a", 2]]));
  rmSync(paths.journal);
  expect(contents(paths)).toEqual(new Map([["a", 2]]));
});

test("a batched deletion of what was persisted with sync holds over restarts", () => {
  const paths = statePaths(scratchDirectory());
  withJournal(paths, (journal) => {
    journal.persist("sync", [{ key: "a", value: 1 }]);
    journal.persist("batched", [{ key: "a", value: null }]);
  });
  for (let start = 0; start < 3; start += 1) expect(contents(paths)).toEqual(new Map());
});

function fill(paths: StatePaths): Map<string, Snapshot> {
  const records: JournalRecord[] = Array.from({ length: 400 }, (_, n) => ({
    key: `floor/${String(n).padStart(4, "0")}`,
    value: { v: 1, generation: n, filling: new Uint8Array(100).fill(n) },
  }));
  withJournal(paths, (journal) => {
    journal.persist("sync", records);
    journal.persist("batched", [{ key: "history/1", value: "batched" }]);
  });
  return new Map([...records, { key: "history/1", value: "batched" }].map(({ key, value }) => [key, value]));
}

test("a journal of the version before has no front: it is taken up, and older versions refuse it from then on", () => {
  const paths = statePaths(scratchDirectory());
  const expected = fill(paths);
  rmSync(paths.front);
  for (const path of [paths.journal, paths.history]) {
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version=1");
    database.close();
  }
  expect(contents(paths)).toEqual(expected);
  const database = new DatabaseSync(paths.journal, { readOnly: true });
  expect(database.prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
  database.close();
});

const harms: readonly { readonly name: string; harm(path: string): void }[] = [
  {
    name: "cut in half",
    harm: (path) => truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096 + 77),
  },
  { name: "cut to nothing", harm: (path) => truncateSync(path, 0) },
  { name: "overwritten with garbage", harm: (path) => writeFileSync(path, "garbage ".repeat(4_000)) },
  { name: "damaged in the middle", harm: (path) => damageMiddle(path) },
];

function damageMiddle(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0xff, 5 * 4096, 7 * 4096);
  writeFileSync(path, bytes);
}

test.each(harms)("a journal $name is moved aside and loses nothing", ({ harm }) => {
  const paths = statePaths(scratchDirectory());
  const expected = fill(paths);
  harm(paths.journal);
  const harmed = readFileSync(paths.journal);
  const journal = Journal.open(paths, wallMs);
  expect(journal.damages).toMatchObject([{ path: paths.journal, lostKeys: [], trustKept: true }]);
  expect(new Map(journal.read().map(({ key, value }) => [key, value]))).toEqual(expected);
  expect(readFileSync(journal.damages[0]?.movedTo ?? "")).toEqual(harmed);
  journal.close();
  // Repaired once, not again at every start.
  expect(withJournal(paths, ({ damages }) => damages)).toEqual([]);
  expect(contents(paths)).toEqual(expected);
});

test("a damaged history keeps what was persisted with sync", () => {
  const paths = statePaths(scratchDirectory());
  const expected = fill(paths);
  writeFileSync(paths.history, "garbage ".repeat(4_000));
  expect(withJournal(paths, ({ damages }) => damages)).toMatchObject([
    { path: paths.history, trustKept: true },
  ]);
  expected.delete("history/1");
  expect(contents(paths)).toEqual(expected);
});

test("where both files are damaged, what is legible goes on, and the loss is said", () => {
  const paths = statePaths(scratchDirectory());
  const expected = fill(paths);
  damageMiddle(paths.journal);
  truncateSync(paths.history, 0);
  const damages = withJournal(paths, (journal) => journal.damages);
  expect(damages.map(({ trustKept }) => trustKept)).toEqual([false, false]);
  const held = contents(paths);
  expect(held.size).toBeGreaterThan(expected.size / 2);
  expect(held.size).toBeLessThan(expected.size);
  for (const [key, value] of held) expect(value).toEqual(expected.get(key));
});

test("one flipped bit in a value is noticed", () => {
  const paths = statePaths(scratchDirectory());
  fill(paths);
  const database = new DatabaseSync(paths.journal);
  database.exec("UPDATE record SET value = zeroblob(length(value)) WHERE key = 'floor/0007'");
  database.close();
  truncateSync(paths.history, 0);
  const damages = withJournal(paths, (journal) => journal.damages);
  expect(damages[0]).toMatchObject({ lostKeys: ["floor/0007"], trustKept: false });
  expect(contents(paths).has("floor/0007")).toBe(false);
});

test("an interrupted rebuild is finished at the next start", () => {
  const paths = statePaths(scratchDirectory());
  const expected = fill(paths);
  renameSync(paths.journal, `${paths.journal}.rebuilt`);
  rmSync(paths.history);
  expected.delete("history/1");
  expect(contents(paths)).toEqual(expected);
  expect(existsSync(`${paths.journal}.rebuilt`)).toBe(false);
});

test("a journal of a newer version is refused and left as it is", () => {
  const paths = statePaths(scratchDirectory());
  fill(paths);
  const database = new DatabaseSync(paths.journal);
  database.exec("PRAGMA user_version=3");
  database.close();
  expect(() => Journal.open(paths, wallMs)).toThrow(StateError);
  expect(readdirSync(paths.directory).filter((name) => name.includes("broken"))).toEqual([]);
});

test("nothing is written while nothing is persisted", () => {
  const paths = statePaths(scratchDirectory());
  fill(paths);
  const files = (): readonly string[] =>
    readdirSync(paths.directory).map((name) => `${name} ${statSync(join(paths.directory, name)).mtimeMs}`);
  const journal = Journal.open(paths, wallMs);
  const before = files();
  journal.read();
  journal.persist("sync", []);
  expect(files()).toEqual(before);
  journal.close();
});

test("what is durable already is not written again, unless it was deleted or changed meanwhile", () => {
  const paths = statePaths(scratchDirectory());
  const record = (value: Snapshot): readonly JournalRecord[] => [{ key: "floor/a", value }];
  const written = (): Buffer => readFileSync(paths.front);
  withJournal(paths, (journal) => {
    journal.persist("sync", record(1));
    const before = written();
    for (let again = 0; again < 10; again += 1) journal.persist("sync", record(1));
    expect(written()).toEqual(before);
    for (const between of [null, 2]) {
      journal.persist("batched", record(between));
      journal.persist("sync", record(1));
    }
  });
  rmSync(paths.history);
  expect(contents(paths)).toEqual(new Map([["floor/a", 1]]));
});
