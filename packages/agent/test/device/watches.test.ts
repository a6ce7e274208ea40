import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { type WatchDirectory, watchWithNode } from "../../src/device/directoryWatches.ts";
import { Rig, until } from "./rig.ts";

/** Watches as on a device without any left. */
const refused: WatchDirectory = () => {
  throw Object.assign(new Error("System limit for number of file watchers reached"), { code: "ENOSPC" });
};

describe("where watches are refused", () => {
  test("it is said once, and looks heal", async () => {
    const rig = new Rig({ watchDirectory: refused });
    for (const name of ["a", "b", "c"]) mkdirSync(rig.real(`/${name}`));
    const ids = ["a", "b", "c"].map((name) => rig.promise(`file:/${name}/f`, { content: "x\n" }));
    for (const id of ids) await rig.kept(id);
    execFileSync("/bin/sh", ["-c", `echo damaged > ${rig.real("/a/f")}`]);
    const [first] = ids;
    if (first === undefined) throw new Error("no resource");
    rig.device.observe(first);
    await until("healed by the look", () => readFileSync(rig.real("/a/f"), "utf8") === "x\n");
    expect(rig.told).toEqual([
      {
        event: "device.polling",
        fields: expect.objectContaining({ code: "ENOSPC", directory: rig.real("/a") }),
      },
    ]);
  });

  test("it is tried again, and said when no directory is left without a watch", async () => {
    let isFull = true;
    const rig = new Rig({
      watchDirectory: (...args) => (isFull ? refused(...args) : watchWithNode(...args)),
    });
    const ids = ["a", "b"].map((name) => {
      mkdirSync(rig.real(`/${name}`));
      return rig.promise(`file:/${name}/f`, { content: "x\n" });
    });
    for (const id of ids) await rig.kept(id);
    const now = vi.spyOn(performance, "now");
    try {
      const laterMs = performance.now() + 31_000;
      now.mockImplementation(() => laterMs);
      isFull = false;
      for (const id of ids) {
        expect(rig.told.map(({ event }) => event)).toEqual(["device.polling"]);
        rig.device.observe(id);
        await new Promise((turned) => setTimeout(turned));
        await new Promise((turned) => setTimeout(turned));
      }
      expect(rig.told.map(({ event }) => event)).toEqual(["device.polling", "device.watching"]);
    } finally {
      now.mockRestore();
    }
    execFileSync("/bin/sh", ["-c", `echo damaged > ${rig.real("/a/f")}`]);
    await until("healed by the watch", () => readFileSync(rig.real("/a/f"), "utf8") === "x\n");
  });

  test("a watch that breaks later is not the end", async () => {
    const broken: ((error: unknown) => void)[] = [];
    const rig = new Rig({
      watchDirectory: (directory, changed, fails) => {
        broken.push(fails);
        return watchWithNode(directory, changed, fails);
      },
    });
    mkdirSync(rig.real("/etc"));
    const id = rig.promise("file:/etc/f", { content: "x\n" });
    await rig.kept(id);
    broken[0]?.(Object.assign(new Error("too many open files"), { code: "EMFILE" }));
    expect(rig.told.map(({ event }) => event)).toEqual(["device.polling"]);
    writeFileSync(rig.real("/etc/f"), "damaged");
    rig.device.observe(id);
    await until("healed by the look", () => readFileSync(rig.real("/etc/f"), "utf8") === "x\n");
  });
});

describe("watches are shared and bounded", () => {
  test("one for all files of a directory, closed with the last of them", async () => {
    const open = new Set<string>();
    const rig = new Rig({
      watchDirectory: (directory, changed, broken) => {
        const watcher = watchWithNode(directory, changed, broken);
        open.add(directory);
        return {
          close: () => {
            open.delete(directory);
            watcher.close();
          },
        };
      },
    });
    mkdirSync(rig.real("/etc"));
    const ids = [1, 2, 3].map((n) => rig.promise(`file:/etc/f${n}`, { content: "x\n" }));
    for (const id of ids) await rig.kept(id);
    expect([...open]).toEqual([rig.real("/etc")]);
    for (const id of ids.slice(1)) rig.withdraw(id);
    expect(open.size).toBe(1);
    rig.withdraw(ids[0] as (typeof ids)[number]);
    expect(open.size).toBe(0);
    writeFileSync(rig.real("/etc/f1"), "nobody cares");
    const marker = rig.promise("file:/etc/marker", { content: "x\n" });
    await rig.kept(marker);
    expect(readFileSync(rig.real("/etc/f1"), "utf8")).toBe("nobody cares");
  });

  test("a missing directory is waited for where it will appear", async () => {
    const rig = new Rig();
    rig.heals = false;
    const id = rig.promise("file:/srv/one/two/f", { content: "x\n" });
    await until("absent", () => rig.observation(id)?.["type"] === "absent");
    execFileSync("/bin/sh", ["-c", `mkdir -p ${rig.real("/srv/one/two")}`]);
    await until("the file appears", () => {
      if (existsSync(rig.real("/srv/one/two")) && !existsSync(rig.real("/srv/one/two/f")))
        writeFileSync(rig.real("/srv/one/two/f"), "x\n", { mode: 0o644 });
      return rig.observation(id)?.["type"] === "file";
    });
  });

  test("without events only a look tells", async () => {
    const rig = new Rig();
    mkdirSync(rig.real("/etc"));
    const id = rig.promise("file:/etc/f", { content: "x\n" });
    await rig.kept(id);
    rig.device.watch(id, { content: "x\n" }, false);
    writeFileSync(rig.real("/etc/f"), "damaged");
    const marker = rig.promise("file:/etc/marker", { content: "x\n" });
    await rig.kept(marker);
    expect(readFileSync(rig.real("/etc/f"), "utf8")).toBe("damaged");
    rig.device.observe(id);
    await until("healed", () => readFileSync(rig.real("/etc/f"), "utf8") === "x\n");
  });
});

test("a storm of events does not become a storm of looks", async () => {
  const rig = new Rig();
  mkdirSync(rig.real("/var"));
  writeFileSync(rig.real("/var/log"), "");
  const id = rig.promise("file:/var/log", { mode: "0644" });
  await rig.kept(id);
  const startMs = performance.now();
  // So many writes however long they take: a machine that is busy spreads them, and then more looks are due.
  const writes = 2_000;
  const script = `const fs = require("fs");
    for (let line = 0; line < ${writes}; line += 1) {
      fs.appendFileSync(process.argv[1], "line");
      for (const next = performance.now() + 0.3; performance.now() < next; );
    }`;
  const writer = spawn(process.execPath, ["-e", script, rig.real("/var/log")]);
  await until("the writer has ended", () => writer.exitCode !== null);
  const size = 4 * writes;
  await until("the last change is seen", () => rig.observation(id)?.["size"] === size);
  const tookMs = performance.now() - startMs;
  const looks = rig.inputs.filter(({ type }) => type === "observed").length;
  // 20 in each begun second, then one each 50 ms.
  expect(looks).toBeLessThanOrEqual((Math.ceil(tookMs / 1_000) + 1) * 20 + Math.ceil(tookMs / 50) + 2);
});
