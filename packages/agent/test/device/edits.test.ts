import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Rig, until } from "./rig.ts";

const isRoot = process.getuid?.() === 0;

describe("a line and a key of a file", () => {
  test("are kept together in one file, with its mode and owner, as soon as they change", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/etc"));
    const at = rig.real("/etc/hosts");
    writeFileSync(at, "127.0.0.1 localhost\n10.0.0.4 db");
    chmodSync(at, 0o640);
    if (isRoot) chownSync(at, 1, 2);
    const line = rig.promise("line:/etc/hosts#db", { line: "10.0.0.5 db", begins: "10.0.0.4 " });
    const other = rig.promise("line:/etc/hosts#web", { line: "10.0.0.6 web" });
    const key = rig.promise("key:/etc/hosts#127.0.0.1", { value: "localhost me", separator: " " });
    await Promise.all([rig.kept(line), rig.kept(other), rig.kept(key)]);
    expect(readFileSync(at, "utf8")).toBe("127.0.0.1 localhost me\n10.0.0.5 db\n10.0.0.6 web\n");
    const { mode, uid, gid } = statSync(at);
    expect([mode & 0o7777, uid, gid]).toEqual(
      isRoot ? [0o640, 1, 2] : [0o640, process.getuid?.(), process.getgid?.()],
    );
    writeFileSync(at, "10.0.0.4 db\n");
    const lines = (): string => readFileSync(at, "utf8").trimEnd().split("\n").sort().join("|");
    await until("healed", () => lines() === "10.0.0.5 db|10.0.0.6 web|127.0.0.1 localhost me");
    expect(JSON.stringify(rig.inputs)).not.toContain("localhost me");
  });

  test("are not kept through a symlink, nor in what is no file", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/etc"));
    writeFileSync(rig.real("/etc/real"), "as it was\n");
    symlinkSync("real", rig.real("/etc/link"));
    const link = rig.promise("line:/etc/link#it", { line: "x" });
    const directory = rig.promise("key:/etc#it", { value: "x" });
    await until("refused", () => rig.failure(link)?.code === "ELOOP");
    await until("refused", () => rig.failure(directory)?.code === "EISDIR");
    expect(readFileSync(rig.real("/etc/real"), "utf8")).toBe("as it was\n");
  });

  test("leave the file as it is when the promise goes, and take the line out where it says so", async () => {
    const rig = new Rig();
    const at = rig.real("/lines");
    writeFileSync(at, "a\n");
    const id = rig.promise("line:/lines#it", { line: "b", reverse: true });
    await rig.kept(id);
    expect((await rig.act(id, { line: "b", reverse: true }, "remove")).type).toBe("done");
    expect(readFileSync(at, "utf8")).toBe("a\n");
  });
});
