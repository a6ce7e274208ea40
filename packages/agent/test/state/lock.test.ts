import { spawn } from "node:child_process";
import { once } from "node:events";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { takeLock } from "../../src/state/lock.ts";
import { StateError } from "../../src/state/stateError.ts";
import { scratchDirectory } from "./scratch.ts";

function refusal(directory: string): StateError {
  try {
    takeLock(directory).release();
  } catch (error) {
    if (error instanceof StateError) return error;
    throw error;
  }
  throw new Error("the lock was not refused");
}

async function holder(directory: string): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ["--expose-gc", join(import.meta.dirname, "holdLock.ts"), directory]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

test("another process on the same state is refused, by pid, until the holder is killed", async () => {
  const directory = scratchDirectory();
  const { pid, kill } = await holder(directory);
  const error = refusal(directory);
  expect(error.code).toBe("stateLocked");
  expect(error.message).toContain(`process ${pid} `);
  await kill();
  takeLock(directory).release();
});

test("a second run in the same process is refused, and costs the first one nothing", async () => {
  const directory = scratchDirectory();
  const lock = takeLock(directory);
  expect(refusal(directory).message).toContain(`process ${process.pid} `);
  expect(refusal(join(directory, ".")).code).toBe("stateLocked");
  const other = spawn(process.execPath, [join(import.meta.dirname, "holdLock.ts"), directory]);
  const [code] = await once(other, "exit");
  expect(code).toBe(1);
  lock.release();
  takeLock(directory).release();
});

test("garbage in the lock file, or an empty one, holds nobody up", () => {
  const directory = scratchDirectory();
  writeFileSync(join(directory, "lock"), "garbage ".repeat(2_000));
  const lock = takeLock(directory);
  expect(refusal(directory).code).toBe("stateLocked");
  lock.release();
  truncateSync(join(directory, "lock"));
  takeLock(directory).release();
});
