import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findRival } from "../../src/device/rivals.ts";
import { makePlace, until } from "./rig.ts";

/** A process that writes a file as fast as it can. */
async function writerOf(path: string): Promise<ChildProcess> {
  const program =
    "const fs = require('fs'); for (let n = 0; ; n++) fs.writeFileSync(process.argv[1], n + ' hostile')";
  const writer = spawn(process.execPath, ["-e", program, path], { stdio: "ignore" });
  onTestFinished(() => void writer.kill("SIGKILL"));
  await until("the first write", () => existsSync(path));
  return writer;
}

function file(): string {
  return join(makePlace().root, "fought-over");
}

test("a process that writes at full speed is met, and named", async () => {
  const path = file();
  const writer = await writerOf(path);
  let rival = await findRival(path, new AbortController().signal);
  // On a busy machine the writer may not have run while it was looked for.
  for (let more = 0; more < 4 && rival?.type !== "process"; more += 1)
    rival = await findRival(path, new AbortController().signal);
  expect(rival).toEqual({
    type: "process",
    pid: writer.pid,
    program: basename(process.execPath),
    uid: process.getuid?.(),
  });
});

test("who only reads is no rival: whose the file is and when it was changed is told instead", async () => {
  const path = file();
  writeFileSync(path, "quiet\n");
  const reader = spawn("/bin/sh", ["-c", 'exec 3<"$0"; exec sleep 60', path], { stdio: "ignore" });
  onTestFinished(() => void reader.kill("SIGKILL"));
  const { uid, mtimeMs } = statSync(path);
  expect(await findRival(path, new AbortController().signal)).toEqual({
    type: "unknown",
    uid,
    changedWallMs: Math.floor(mtimeMs),
  });
});

test("the agent's own handle is none, and nothing is told of what is gone", async () => {
  const path = file();
  const handle = openSync(path, "w");
  expect(await findRival(path, new AbortController().signal)).toMatchObject({ type: "unknown" });
  closeSync(handle);
  expect(await findRival(`${path}-gone`, new AbortController().signal)).toBeUndefined();
});

test("nobody is looked for when nobody asks any more", async () => {
  expect(await findRival(file(), AbortSignal.abort())).toBeUndefined();
});
