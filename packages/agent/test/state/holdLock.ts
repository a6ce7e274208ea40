// A process of its own: takes the lock of a state directory, says so, and holds it until it is killed, though it
// keeps nothing of it and its garbage is collected.
import { writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { takeLock } from "../../src/state/lock.ts";

takeLock(process.argv[2] ?? "");
await setImmediate();
globalThis.gc?.();
await setImmediate();
writeSync(1, "held\n");
setInterval(() => undefined, 1_000);
