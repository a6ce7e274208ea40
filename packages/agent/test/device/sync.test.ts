import { mkdirSync, readFileSync } from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import { Rig } from "./rig.ts";

/** What was done to the file system, in order. */
const done: string[] = [];

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  return {
    ...fs,
    fsyncSync: (handle: number) => {
      done.push(fs.fstatSync(handle).isDirectory() ? "sync of the directory" : "sync of the file");
      fs.fsyncSync(handle);
    },
    renameSync: (from: string, to: string) => {
      fs.renameSync(from, to);
      if (to.endsWith("/token")) done.push("rename");
    },
  };
});

beforeEach(() => {
  done.length = 0;
});

async function kept(promise: object): Promise<Rig> {
  const rig = new Rig();
  mkdirSync(rig.real("/etc"));
  await rig.kept(rig.promise("file:/etc/token", { content: "one\n", ...promise }));
  return rig;
}

test("a file that asks for it is on the medium before its name is, and its name before it counts", async () => {
  const rig = await kept({ sync: true });
  expect(done).toEqual(["sync of the file", "rename", "sync of the directory"]);
  expect(readFileSync(rig.real("/etc/token"), "utf8")).toBe("one\n");
  done.length = 0;
  await rig.kept(rig.promise("file:/etc/token", { absent: true, sync: true }));
  expect(done).toEqual(["sync of the directory"]);
});

test("any other is left to the system, which spares the medium", async () => {
  await kept({});
  expect(done).toEqual(["rename"]);
});
