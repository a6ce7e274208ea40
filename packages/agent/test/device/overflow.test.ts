import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { DirectoryWatches } from "../../src/device/directoryWatches.ts";
import { makePlace, Rig, resource, until } from "./rig.ts";

/** Renames that make two events each: more than the kernel keeps for one reader. Nobody reads meanwhile. */
function overflow(here: string, there: string): void {
  const kept = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
  for (let renames = 0; renames <= kept / 2; renames += 1)
    if (renames % 2 === 0) renameSync(here, there);
    else renameSync(there, here);
}

async function keepTwo() {
  const rig = new Rig();
  for (const directory of ["/flooded", "/quiet"]) mkdirSync(rig.real(directory));
  const [flooded, quiet] = ["/flooded/file", "/quiet/file"];
  for (const path of [flooded, quiet]) await rig.kept(rig.promise(`file:${path}`, { content: "kept\n" }));
  return { rig, flooded: rig.real(flooded), quiet: rig.real(quiet) };
}

function healed(path: string): Promise<unknown> {
  return until(`${path} healed`, () => readFileSync(path, "utf8") === "kept\n");
}

test("what the kernel forgot while a directory was flooded is found, there and elsewhere", async () => {
  const { rig, flooded, quiet } = await keepTwo();
  writeFileSync(rig.real("/flooded/here"), "");
  overflow(rig.real("/flooded/here"), rig.real("/flooded/there"));
  for (const path of [flooded, quiet]) writeFileSync(path, "lost\n");
  await healed(flooded);
  await healed(quiet);
});

test("also where only what is promised was moved, so that nobody stormed", async () => {
  const { rig, flooded, quiet } = await keepTwo();
  await rig.kept(rig.promise("file:/flooded/there", { content: "kept\n" }));
  overflow(flooded, rig.real("/flooded/there"));
  writeFileSync(quiet, "lost\n");
  await healed(quiet);
  await healed(flooded);
});

/** Watches of two directories, to which a test tells events that never were. */
function watches() {
  const open = new Map<string, (name: string | null) => void>();
  const woken: string[] = [];
  const made = new DirectoryWatches({
    wake: (id) => woken.push(id),
    tell: () => undefined,
    watchDirectory: (path, changed) => {
      open.set(path, changed);
      return { close: () => open.delete(path) };
    },
  });
  onTestFinished(() => made.close());
  const [flooded, quiet] = [makePlace().root, makePlace().root];
  made.add(resource("file:/flooded/file"), flooded, "file");
  made.add(resource("file:/quiet/file"), quiet, "file");
  /** Within one turn, of changing names. */
  const tell = (events: number, names = ["file", "other"]): void => {
    for (let event = 0; event < events; event += 1) open.get(flooded)?.(names[event % names.length] ?? null);
  };
  const looksElsewhere = (): number => woken.filter((id) => id === "file:/quiet/file").length;
  /** As at the end of a storm. */
  const watchAgain = (): void => {
    made.remove(resource("file:/flooded/file"));
    made.add(resource("file:/flooded/file"), flooded, "file");
  };
  return { tell, watchAgain, looksElsewhere };
}

const turn = (): Promise<void> => new Promise((turned) => setImmediate(turned));

test("a thousand files that are broken at once, and their repair, have nothing else looked at", async () => {
  const { tell, looksElsewhere } = watches();
  const names = Array.from({ length: 1_000 }, (_, index) => `.antibody-${index}`);
  tell(7_000, names);
  await turn();
  expect(looksElsewhere()).toBe(0);
});

test("floods that go on have everything looked at once in a while, and once more after the last", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const { tell, watchAgain, looksElsewhere } = watches();
  for (let floods = 0; floods < 5; floods += 1) {
    tell(2_000);
    await turn();
    watchAgain();
  }
  expect(looksElsewhere()).toBe(1);
  vi.advanceTimersByTime(10_000);
  expect(looksElsewhere()).toBe(2);
  vi.advanceTimersByTime(100_000);
  expect(looksElsewhere()).toBe(2);
});
