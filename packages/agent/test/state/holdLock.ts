// A process of its own: takes the lock of a state directory, says so, and holds it until it is killed.
import { writeSync } from "node:fs";
import { takeLock } from "../../src/state/lock.ts";

takeLock(process.argv[2] ?? "");
writeSync(1, "held\n");
setInterval(() => undefined, 1_000);
