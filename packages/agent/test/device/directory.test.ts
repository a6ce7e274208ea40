import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Rig, until } from "./rig.ts";

describe("a directory is brought to its promise", () => {
  test("from nothing, with its parents, and after damage by another process", async () => {
    const rig = new Rig();
    const id = rig.promise("directory:/opt/app/data", { mode: "0750" });
    await rig.kept(id);
    const path = rig.real("/opt/app/data");
    expect(statSync(path).mode & 0o7777).toBe(0o750);
    for (const damage of [`chmod 0700 ${path}`, `rmdir ${path}`, `rm -r ${rig.real("/opt")}`]) {
      const repairs = rig.results.length;
      execFileSync("/bin/sh", ["-c", damage]);
      await until(`healed after: ${damage}`, () => rig.results.length > repairs && rig.isKept(id));
      expect(statSync(path).mode & 0o7777).toBe(0o750);
    }
  });

  test("absent, when it is empty", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/old"));
    const id = rig.promise("directory:/old", { absent: true });
    await rig.kept(id);
    expect(existsSync(rig.real("/old"))).toBe(false);
  });

  test("but one with entries is never removed", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/old"));
    writeFileSync(rig.real("/old/precious"), "mine");
    rig.promise("directory:/old", { absent: true });
    expect(await until("a failure", () => rig.results[0])).toMatchObject({
      type: "failed",
      code: "ENOTEMPTY",
    });
    expect(existsSync(rig.real("/old/precious"))).toBe(true);
  });

  test("but nothing else is replaced by it", async () => {
    const rig = new Rig();
    writeFileSync(rig.real("/data"), "mine");
    const id = rig.promise("directory:/data", {});
    expect(await until("a failure", () => rig.results[0])).toMatchObject({ type: "failed", code: "EEXIST" });
    expect(rig.observation(id)).toEqual({ type: "other", what: "file" });
  });

  test("but no symlink on the way is followed", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/elsewhere"));
    symlinkSync("elsewhere", rig.real("/opt"));
    const id = rig.promise("directory:/opt/app/data", {});
    await until("refused", () => rig.failure(id)?.code === "ELOOP");
    expect(await rig.act(id, {}, "create")).toMatchObject({ type: "failed", code: "ELOOP" });
    expect(existsSync(rig.real("/elsewhere/app"))).toBe(false);
  });

  test("and the root of the device is one too", async () => {
    const rig = new Rig();
    await rig.kept(rig.promise("directory:/", { mode: "0711" }));
    expect(statSync(rig.place.root).mode & 0o7777).toBe(0o711);
  });
});
