/**
 * Loaded into an agent before its own code (`--import`): kills it at one write of its journal, counted from its
 * start. `ANTIBODY_DIE_AT` says which, and at which side of the commit: `12:before`, `12:after`.
 */
import { DatabaseSync } from "node:sqlite";

const [write, side] = (process.env["ANTIBODY_DIE_AT"] ?? "").split(":");
const { exec } = DatabaseSync.prototype;
let writes = 0;

function dieIf(now: "before" | "after"): void {
  if (writes === Number(write) && side === now) process.kill(process.pid, "SIGKILL");
}

if (side !== undefined) {
  DatabaseSync.prototype.exec = function (sql) {
    if (sql !== "COMMIT") return exec.call(this, sql);
    writes += 1;
    dieIf("before");
    exec.call(this, sql);
    dieIf("after");
  };
}
