/**
 * Loaded into an agent before its own code (`--import`): kills it at one write of its journal, counted from its
 * start. `ANTIBODY_DIE_AT` says which, and at which side of it: `12:before`, `12:after`.
 */
import fs from "node:fs";
import { DatabaseSync } from "node:sqlite";

const [write, side] = (process.env["ANTIBODY_DIE_AT"] ?? "").split(":");
const { exec } = DatabaseSync.prototype;
const { writeSync } = fs;
let writes = 0;

function dieIf(now: "before" | "after"): void {
  if (writes === Number(write) && side === now) process.kill(process.pid, "SIGKILL");
}

function atWrite<Result>(write: () => Result): Result {
  writes += 1;
  dieIf("before");
  const result = write();
  dieIf("after");
  return result;
}

if (side !== undefined) {
  DatabaseSync.prototype.exec = function (sql) {
    if (sql === "COMMIT") atWrite(() => exec.call(this, sql));
    else exec.call(this, sql);
  };
  // The front of the journal says where in its file an entry goes; nothing else that an agent writes does.
  fs.writeSync = (...words: readonly unknown[]): number => {
    const write = (): number => Reflect.apply(writeSync, fs, words);
    return typeof words[4] === "number" ? atWrite(write) : write();
  };
}
