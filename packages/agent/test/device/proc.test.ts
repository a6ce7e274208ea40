import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { givenSince, orphanPids, taskCount } from "../../src/device/process/proc.ts";

async function pidOfNext(): Promise<number> {
  const child = spawn("true");
  await once(child, "exit");
  return child.pid ?? 0;
}

test("of two processes, the later pid was given since the earlier one, and not the other way round", async () => {
  const before = taskCount();
  const [first, second] = [await pidOfNext(), await pidOfNext()];
  expect(givenSince(first, before)(second)).toBe(true);
  expect(givenSince(second, before)(first)).toBe(false);
});

test("a low pid was given since one at the end of the circle", () => {
  const circle = Number(readFileSync("/proc/sys/kernel/pid_max", "utf8"));
  expect(givenSince(circle - 1, taskCount())(301)).toBe(true);
  expect(givenSince(301, taskCount())(circle - 1)).toBe(false);
});

test("any pid may have been given where nobody knows how many were, or too many", async () => {
  for (const count of [Number.NaN, taskCount() - 32_768]) {
    expect(givenSince(1_000_000, count)(1)).toBe(true);
    expect(givenSince(1, count)(1_000_000)).toBe(true);
  }
});

test("whom a child leaves behind is among the orphans, also in a session of its own", async () => {
  const child = spawn("/bin/sh", ["-c", "setsid sleep 600 & echo $!"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [printed] = (await once(child.stdout, "data")) as [Buffer];
  const left = Number(printed.toString());
  try {
    if (child.exitCode === null) await once(child, "exit");
    expect(orphanPids()).toContain(left);
    expect(orphanPids()).not.toContain(child.pid);
  } finally {
    process.kill(left, "SIGKILL");
  }
});
