// A process of its own: persists records one after the other, and says which ones `persist` acknowledged.
import { writeSync } from "node:fs";
import { Journal } from "../../src/state/journal.ts";
import { statePaths } from "../../src/state/places.ts";

const journal = Journal.open(statePaths(process.argv[2] ?? ""), 0);
const rounds = journal.read().length;
for (let n = rounds; ; n += 1) {
  const durability = n % 3 === 0 ? "sync" : "batched";
  journal.persist(durability, [{ key: `record/${n}`, value: { v: 1, n, filling: "x".repeat(n % 700) } }]);
  writeSync(1, `${n}\n`);
}
