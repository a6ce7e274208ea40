import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  watch,
  writeFileSync,
} from "node:fs";
import { keyedDigest } from "@antibody/core";
import { utf8 } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyedDigester } from "../../src/device/digest.ts";
import { nodeCrypto } from "../../src/state/nodeCrypto.ts";
import { digestKey, Rig, until } from "./rig.ts";

const secret = "password = hunter2-of-the-greenhouse\n";

function rigWithEtc(): Rig {
  const rig = new Rig();
  mkdirSync(rig.real("/etc"));
  return rig;
}

describe("a file is brought to its promise", () => {
  test("from nothing, with content and mode", async () => {
    const rig = rigWithEtc();
    const id = rig.promise("file:/etc/motd", { content: "hello\n", mode: "0600" });
    await rig.kept(id);
    expect(readFileSync(rig.real("/etc/motd"), "utf8")).toBe("hello\n");
    expect(statSync(rig.real("/etc/motd")).mode & 0o7777).toBe(0o600);
    expect(readdirSync(rig.real("/etc"))).toEqual(["motd"]);
  });

  test("after damage by another process, of every kind", async () => {
    const rig = rigWithEtc();
    const id = rig.promise("file:/etc/motd", { content: "hello\n", mode: "0644" });
    await rig.kept(id);
    const path = rig.real("/etc/motd");
    const damages = [
      `echo damaged > ${path}`,
      `rm ${path}`,
      `echo replaced > ${path}.new && mv ${path}.new ${path}`,
      `chmod 0777 ${path}`,
      `ln -sf /etc/passwd ${path}`,
      `rm ${path} && mkdir ${path}`,
      `rm ${path} && mkfifo ${path}`,
    ];
    for (const damage of damages) {
      const repairs = rig.results.length;
      execFileSync("/bin/sh", ["-c", damage]);
      await until(`healed after: ${damage}`, () => rig.results.length > repairs && rig.isKept(id));
      expect(lstatSync(path).isFile()).toBe(true);
      expect(lstatSync(path).mode & 0o7777).toBe(0o644);
      expect(readFileSync(path, "utf8")).toBe("hello\n");
    }
    expect(rig.results.every(({ type }) => type === "done")).toBe(true);
  });

  test("mode alone, without a change of what is in it", async () => {
    const rig = rigWithEtc();
    writeFileSync(rig.real("/etc/motd"), "mine\n", { mode: 0o644 });
    const inode = statSync(rig.real("/etc/motd")).ino;
    const id = rig.promise("file:/etc/motd", { mode: "4750" });
    await rig.kept(id);
    const after = statSync(rig.real("/etc/motd"));
    expect([after.ino, after.mode & 0o7777]).toEqual([inode, 0o4750]);
  });

  test("content alone, without a change of its mode", async () => {
    const rig = rigWithEtc();
    writeFileSync(rig.real("/etc/motd"), "other\n", { mode: 0o640 });
    chmodSync(rig.real("/etc/motd"), 0o640);
    await rig.kept(rig.promise("file:/etc/motd", { content: "mine\n" }));
    expect(statSync(rig.real("/etc/motd")).mode & 0o7777).toBe(0o640);
  });

  test("absent", async () => {
    const rig = rigWithEtc();
    writeFileSync(rig.real("/etc/motd"), "");
    const id = rig.promise("file:/etc/motd", { absent: true });
    await rig.kept(id);
    expect(existsSync(rig.real("/etc/motd"))).toBe(false);
    execFileSync("/bin/sh", ["-c", `ln -s nowhere ${rig.real("/etc/motd")}`]);
    await until(
      "removed again",
      () => lstatSync(rig.real("/etc/motd"), { throwIfNoEntry: false }) === undefined,
    );
  });

  test.skipIf(process.getuid?.() !== 0)("owner, which only root may change", async () => {
    const rig = rigWithEtc();
    const id = rig.promise("file:/etc/motd", { content: "hello\n", owner: "daemon:adm" });
    await rig.kept(id);
    execFileSync("/bin/chown", ["nobody", rig.real("/etc/motd")]);
    await until("given back", () => rig.results.length >= 2 && rig.isKept(id));
    expect(rig.observation(id)).toMatchObject({ owner: "daemon:adm" });
  });

  test.skipIf(process.getuid?.() !== 0)("and no set-user-id bit is handed to another owner", async () => {
    const rig = rigWithEtc();
    for (const name of ["tool", "other"]) {
      writeFileSync(rig.real(`/etc/${name}`), "planted");
      chownSync(rig.real(`/etc/${name}`), 65_534, 65_534);
      chmodSync(rig.real(`/etc/${name}`), 0o6755);
    }
    await rig.kept(rig.promise("file:/etc/tool", { content: "#!/bin/sh\n", owner: "root" }));
    await rig.kept(rig.promise("file:/etc/other", { owner: "root" }));
    for (const name of ["tool", "other"])
      expect(statSync(rig.real(`/etc/${name}`)).mode & 0o7777).toBe(0o755);
  });

  test("while 1,000 files are damaged within a second by another process", async () => {
    const rig = rigWithEtc();
    const ids = Array.from({ length: 1_000 }, (_, n) =>
      rig.promise(`file:/etc/file-${n}`, { content: `content of ${n}\n`, mode: "0644" }),
    );
    await until("all kept", () => ids.every((id) => rig.isKept(id)));
    const repairs = rig.results.length;
    const script = `for (let n = 0; n < 1000; n++) require("fs").writeFileSync(process.argv[1] + "/file-" + n, "damaged")`;
    execFileSync(process.execPath, ["-e", script, rig.real("/etc")]);
    await until(
      "all repaired",
      () => rig.results.length >= repairs + 1_000 && ids.every((id) => rig.isKept(id)),
    );
    for (let n = 0; n < 1_000; n += 1)
      expect(readFileSync(rig.real(`/etc/file-${n}`), "utf8")).toBe(`content of ${n}\n`);
  });
});

describe("a file is not worse after a repair that fails", () => {
  test("a directory with entries in the way stays", async () => {
    const rig = rigWithEtc();
    mkdirSync(rig.real("/etc/motd"));
    writeFileSync(rig.real("/etc/motd/precious"), "mine");
    rig.promise("file:/etc/motd", { content: "hello\n" });
    const result = await until("a failure", () => rig.results[0]);
    expect(result).toMatchObject({ type: "failed", code: "ENOTEMPTY" });
    expect(readFileSync(rig.real("/etc/motd/precious"), "utf8")).toBe("mine");
    expect(readdirSync(rig.real("/etc"))).toEqual(["motd"]);
  });

  test("an unknown owner changes nothing", async () => {
    const rig = rigWithEtc();
    writeFileSync(rig.real("/etc/motd"), "before\n");
    rig.promise("file:/etc/motd", { content: "hello\n", owner: "nosuchuser" });
    const result = await until("a failure", () => rig.results[0]);
    expect(result).toMatchObject({
      type: "failed",
      code: "EINVAL",
      detail: expect.stringContaining("nosuchuser"),
    });
    expect(readFileSync(rig.real("/etc/motd"), "utf8")).toBe("before\n");
    expect(readdirSync(rig.real("/etc"))).toEqual(["motd"]);
  });

  test("a missing parent directory is named", async () => {
    const rig = new Rig();
    const id = rig.promise("file:/etc/motd", { content: "hello\n" });
    const result = await until("a failure", () => rig.results[0]);
    expect(result).toMatchObject({
      type: "failed",
      code: "ENOENT",
      detail: expect.stringMatching(/etc does not exist/),
    });
    expect(rig.observation(id)).toEqual({ type: "absent" });
  });

  test("a temporary file that a killed agent left is replaced by the next write", async () => {
    const rig = rigWithEtc();
    const names = new Set<string>();
    const watcher = watch(rig.real("/etc"), (_event, name) => names.add(name ?? ""));
    const id = rig.promise("file:/etc/motd", { content: "one\n" });
    await rig.kept(id);
    const temporary = await until("its name", () => [...names].find((name) => name !== "motd"));
    watcher.close();
    writeFileSync(rig.real(`/etc/${temporary}`), "left behind", { mode: 0o400 });
    rmSync(rig.real("/etc/motd"));
    await until("written again", () => rig.results.length >= 2 && rig.isKept(id));
    expect(readdirSync(rig.real("/etc"))).toEqual(["motd"]);
    expect(readFileSync(rig.real("/etc/motd"), "utf8")).toBe("one\n");
  });
});

describe("no symlink leads a look or a repair elsewhere", () => {
  test("a symlink instead of the parent directory is refused", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/elsewhere"));
    writeFileSync(rig.real("/elsewhere/motd"), "mine\n");
    symlinkSync("elsewhere", rig.real("/etc"));
    const id = rig.promise("file:/etc/motd", { content: "hello\n" });
    await until("refused", () => rig.failure(id)?.code === "ELOOP");
    expect(rig.failure(id)?.message).toContain(rig.real("/etc"));
    const result = await rig.act(id, { content: "hello\n" }, "write");
    expect(result).toMatchObject({ type: "failed", code: "ELOOP" });
    expect(await rig.act(id, { absent: true }, "remove")).toMatchObject({ type: "failed", code: "ELOOP" });
    expect(readFileSync(rig.real("/elsewhere/motd"), "utf8")).toBe("mine\n");
  });

  test("a symlink in the place of the file is replaced and never followed", async () => {
    const rig = rigWithEtc();
    writeFileSync(rig.real("/victim"), "mine\n", { mode: 0o600 });
    symlinkSync("../victim", rig.real("/etc/motd"));
    expect(await rig.act(rig.promise("file:/etc/other", {}), { mode: "0777" }, "adjust")).toBeDefined();
    const id = rig.promise("file:/etc/motd", { content: "hello\n", mode: "0644" });
    await rig.kept(id);
    expect(readFileSync(rig.real("/victim"), "utf8")).toBe("mine\n");
    expect(statSync(rig.real("/victim")).mode & 0o7777).toBe(0o600);
    rmSync(rig.real("/etc/motd"));
    await rig.kept(id);
    rig.withdraw(id);
    rmSync(rig.real("/etc/motd"), { force: true });
    symlinkSync("../victim", rig.real("/etc/motd"));
    expect(await rig.act(id, { mode: "0777" }, "adjust")).toMatchObject({ type: "failed", code: "ELOOP" });
    expect(statSync(rig.real("/victim")).mode & 0o7777).toBe(0o600);
  });

  test("while another process swaps the parent for a symlink again and again", async () => {
    const rig = rigWithEtc();
    mkdirSync(rig.real("/victim"));
    writeFileSync(rig.real("/victim/motd"), "mine\n");
    const script = `
      const fs = require("fs"), root = process.argv[1];
      for (let n = 0; n < 1000; n++) {
        fs.renameSync(root + "/etc", root + "/etc-away");
        fs.symlinkSync("victim", root + "/etc");
        fs.unlinkSync(root + "/etc");
        fs.renameSync(root + "/etc-away", root + "/etc");
      }`;
    const id = rig.promise("file:/etc/motd", { content: "hello\n" });
    await rig.kept(id);
    const swapping = runScript(script, rig.place.root);
    let writes = 0;
    while (!swapping.ended) {
      await rig.act(id, { content: "hello\n" }, "write");
      writes += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(writes).toBeGreaterThan(0);
    expect(readdirSync(rig.real("/victim"))).toEqual(["motd"]);
    expect(readFileSync(rig.real("/victim/motd"), "utf8")).toBe("mine\n");
    rig.device.observe(id);
    await rig.kept(id);
  });
});

describe("what is told of a file", () => {
  test("never holds what is in it", async () => {
    const rig = rigWithEtc();
    const id = rig.promise("file:/etc/secret", { content: secret, mode: "0600" });
    await rig.kept(id);
    writeFileSync(rig.real("/etc/secret"), `${secret}and-more-of-it`);
    await until("repaired", () => rig.results.length >= 2 && rig.isKept(id));
    const recorded = JSON.stringify(rig.inputs);
    expect(recorded).not.toContain("hunter2");
    expect(recorded).not.toContain("and-more-of-it");
  });

  test("is the digest that core computes, for contents of any length", () => {
    const ours = keyedDigester(digestKey);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(65_535, 65_536, 65_537).map((length) => new Uint8Array(length).fill(3)),
    );
    fc.assert(
      fc.property(bytes, (each) => {
        expect(ours(each)).toBe(keyedDigest(nodeCrypto(), digestKey, each));
      }),
      { numRuns: 50 },
    );
  });

  test("is of the whole file at the borders of a read", async () => {
    const rig = rigWithEtc();
    rig.heals = false;
    const digest = keyedDigester(digestKey);
    for (const size of [0, 65_535, 65_536, 65_537, 1_000_000]) {
      const content = "x".repeat(size);
      writeFileSync(rig.real(`/etc/f${size}`), content);
      const id = rig.promise(`file:/etc/f${size}`, { mode: "0644" });
      const seen = await until("seen", () => rig.observation(id));
      expect(seen).toMatchObject({ type: "file", size, digest: digest(utf8(content)) });
    }
  });

  test("that it cannot be seen, with the code, where something is in the way", async () => {
    const rig = new Rig();
    writeFileSync(rig.real("/etc"), "a file where a directory should be");
    const id = rig.promise("file:/etc/motd", { content: "hello\n" });
    await until("unobservable", () => rig.failure(id)?.code === "ENOTDIR");
  });

  test("once, however often nothing changes", async () => {
    const rig = rigWithEtc();
    const id = rig.promise("file:/etc/motd", { content: "hello\n" });
    await rig.kept(id);
    const marker = rig.promise("file:/etc/marker", { content: "x" });
    await rig.kept(marker);
    const count = () =>
      rig.inputs.filter((input) => input.type === "observed" && input.resource === id).length;
    const before = count();
    for (let n = 0; n < 5; n += 1) execFileSync("/bin/touch", [rig.real("/etc/motd")]);
    rmSync(rig.real("/etc/marker"));
    await until("a later change is seen", () => rig.results.length >= 3 && rig.isKept(marker));
    expect(count()).toBe(before);
  });
});

describe("directories come and go", () => {
  test("a parent that is removed and made again is watched again", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/opt/app/conf"), { recursive: true });
    const id = rig.promise("file:/opt/app/conf/a", { content: "a\n" });
    await rig.kept(id);
    execFileSync("/bin/rm", ["-r", rig.real("/opt/app")]);
    await until("absent", () => rig.observation(id)?.["type"] === "absent");
    execFileSync("/bin/mkdir", ["-p", rig.real("/opt/app/conf")]);
    await until("written again", () => existsSync(rig.real("/opt/app/conf/a")));
    await rig.kept(id);
    execFileSync("/bin/sh", ["-c", `echo damaged > ${rig.real("/opt/app/conf/a")}`]);
    await until("watched again", () => readFileSync(rig.real("/opt/app/conf/a"), "utf8") === "a\n");
  });

  test("a parent whose own parent is swapped, which makes no event, heals with the next look", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/opt/app/conf"), { recursive: true });
    mkdirSync(rig.real("/opt/other/conf"), { recursive: true });
    const id = rig.promise("file:/opt/app/conf/a", { content: "a\n" });
    await rig.kept(id);
    renameSync(rig.real("/opt/app"), rig.real("/opt/gone"));
    renameSync(rig.real("/opt/other"), rig.real("/opt/app"));
    rig.device.observe(id);
    await until("written in the new one", () => existsSync(rig.real("/opt/app/conf/a")));
    await rig.kept(id);
    execFileSync("/bin/sh", ["-c", `echo damaged > ${rig.real("/opt/app/conf/a")}`]);
    await until("the new one is watched", () => readFileSync(rig.real("/opt/app/conf/a"), "utf8") === "a\n");
  });

  test("a file with the name of its directory is told from the directory", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/app"));
    const id = rig.promise("file:/app/app", { content: "a\n" });
    await rig.kept(id);
    execFileSync("/bin/rm", [rig.real("/app/app")]);
    await until("written again", () => existsSync(rig.real("/app/app")));
  });

  test("changes through another hard link are seen by the next look", async () => {
    const rig = rigWithEtc();
    const id = rig.promise("file:/etc/motd", { content: "hello\n" });
    await rig.kept(id);
    linkSync(rig.real("/etc/motd"), rig.real("/linked"));
    truncateSync(rig.real("/linked"), 1);
    rig.device.observe(id);
    await until("healed", () => rig.results.length >= 2 && rig.isKept(id));
  });
});

function runScript(script: string, argument: string): { ended: boolean } {
  const state = { ended: false };
  execFile(process.execPath, ["-e", script, argument], (error) => {
    state.ended = true;
    if (error !== null) throw error;
  });
  return state;
}
