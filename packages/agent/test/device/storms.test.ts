import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { type WatchDirectory, watchWithNode } from "../../src/device/directoryWatches.ts";
import { EventMeter } from "../../src/device/eventMeter.ts";
import { Rig, until } from "./rig.ts";

/** Events that make a storm, all within a moment. */
const stormEvents = 1_000;

/** Real watches, of which a test knows the paths, and to which it can tell events that never were. */
function tapped() {
  const open = new Map<string, (name: string | null) => void>();
  const watchDirectory: WatchDirectory = (path, changed, broken) => {
    const watcher = watchWithNode(path, changed, broken);
    open.set(path, changed);
    return {
      close: () => {
        watcher.close();
        if (open.get(path) === changed) open.delete(path);
      },
    };
  };
  const storm = (path: string, name: string): void => {
    for (let event = 0; event < stormEvents; event += 1) open.get(path)?.(name);
  };
  return { open, watchDirectory, storm };
}

test("a directory whose events storm is watched entry by entry, and heals as before", async () => {
  const { open, watchDirectory, storm } = tapped();
  const rig = new Rig({ watchDirectory });
  const [one, two] = [
    rig.promise("file:/one", { content: "1\n" }),
    rig.promise("file:/two", { content: "2\n" }),
  ];
  await rig.kept(one);
  await rig.kept(two);
  expect([...open.keys()]).toEqual([rig.real("")]);

  storm(rig.real(""), "of-nobody");
  await until("single watches", () => open.has(rig.real("/one")) && open.has(rig.real("/two")));
  expect(open.has(rig.real(""))).toBe(false);

  // Overwritten in place, then replaced: each repair is another file, that is watched anew.
  for (let damage = 0; damage < 3; damage += 1) {
    writeFileSync(rig.real("/one"), "damaged\n");
    await until("the first repaired", () => readFileSync(rig.real("/one"), "utf8") === "1\n");
    writeFileSync(rig.real("/other"), "taken\n");
    renameSync(rig.real("/other"), rig.real("/two"));
    await until("the second repaired", () => readFileSync(rig.real("/two"), "utf8") === "2\n");
    await rig.kept(one);
    await rig.kept(two);
  }
});

test("an entry that storms itself is not watched for a moment, and looked at then", async () => {
  const { open, watchDirectory, storm } = tapped();
  const rig = new Rig({ watchDirectory });
  const one = rig.promise("file:/one", { content: "1\n" });
  await rig.kept(one);
  storm(rig.real(""), "of-nobody");
  await until("a single watch", () => open.has(rig.real("/one")));
  storm(rig.real("/one"), "one");
  expect(open.has(rig.real("/one"))).toBe(false);
  writeFileSync(rig.real("/one"), "damaged\n");
  await until("repaired", () => readFileSync(rig.real("/one"), "utf8") === "1\n");
  await until("watched again", () => open.has(rig.real("/one")));
});

test("many entries that are damaged at once, and their repair, are no storm", async () => {
  const { open, watchDirectory } = tapped();
  const rig = new Rig({ watchDirectory });
  const names = Array.from({ length: 40 }, (_, index) => `file-${index}`);
  for (const name of names) await rig.kept(rig.promise(`file:/${name}`, { content: "1\n" }));
  for (let event = 0; event < 4 * stormEvents; event += 1) {
    open.get(rig.real(""))?.(names[event % names.length] ?? "");
    open.get(rig.real(""))?.(`.antibody-${event}`);
  }
  expect([...open.keys()]).toEqual([rig.real("")]);
});

test("a storm is a thousand events within a second, or within one turn, however long that takes", () => {
  const now = vi.spyOn(performance, "now");
  onTestFinished(() => now.mockRestore());
  const storms = (lastMs: number, lastTurn: number): boolean => {
    const meter = new EventMeter();
    now.mockReturnValue(0);
    for (let event = 1; event < stormEvents; event += 1) expect(meter.storms(1)).toBe(false);
    now.mockReturnValue(lastMs);
    return meter.storms(lastTurn);
  };
  expect(storms(999, 2)).toBe(true);
  expect(storms(60_000, 1)).toBe(true);
  expect(storms(1_000, 2)).toBe(false);
});

test("a few events are no storm", async () => {
  const { open, watchDirectory } = tapped();
  const rig = new Rig({ watchDirectory });
  await rig.kept(rig.promise("file:/one", { content: "1\n" }));
  for (let event = 0; event < stormEvents / 2; event += 1) open.get(rig.real(""))?.("of-nobody");
  expect([...open.keys()]).toEqual([rig.real("")]);
});
