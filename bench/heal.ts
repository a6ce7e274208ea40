import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { eventually, form, makeAuthor, makeColony, type TestColony } from "../test/harness/colonies.ts";
import { type Figures, round, spread } from "./figures.ts";

const fileCount = 1_000;
const repeats = 100;
const name = "alone";

/** Between two repeats, so that each starts from rest and none counts as a fight. */
const restMs = 60;

/** Longer than this is a lost drift. */
const lostAfterMs = 10_000;

/**
 * How soon one agent heals what another process damages: seen from outside, by reading the file again and again.
 * The sweep is ten minutes away, so that it cannot help.
 */
export async function heal(): Promise<Figures> {
  const test = makeColony();
  try {
    await form(test, [name], "--sweep", "10m");
    await publish(test);
    const files = await healFiles(test);
    const processes = await healProcess(test);
    const { tookMs, lost } = await healMany(test);
    return {
      ...spread("file", files),
      ...spread("process", processes),
      broken1000Ms: tookMs,
      lostDrifts: lost,
    };
  } finally {
    await test.end();
  }
}

function pathOf(test: TestColony, index: number): string {
  return join(test.colony.rootOf(name), "etc", `file-${index}`);
}

function contentOf(index: number): string {
  return `content ${index}\n`;
}

async function publish(test: TestColony): Promise<void> {
  const author = await makeAuthor(test, name);
  const perFragment = 250;
  const fragments = Array.from({ length: fileCount / perFragment }, (_, part) => {
    const promises = Array.from({ length: perFragment }, (_, offset) => {
      const index = part * perFragment + offset;
      return `  file:/etc/file-${index}: { content: ${JSON.stringify(contentOf(index))} }`;
    });
    return `stream: home\nname: files-${part}\npromises:\n${promises.join("\n")}\n`;
  });
  const pidFile = join(test.colony.directory, "worker.pid");
  const command = JSON.stringify(["/bin/sh", "-c", `echo $$ > ${pidFile}; exec sleep 86400`]);
  const worker = `stream: home\nname: worker\npromises:\n  process:worker: { command: ${command} }\n`;
  const source = join(test.colony.directory, "bench.yaml");
  writeFileSync(source, [...fragments, worker].join("---\n"));
  await test.colony.command(name, "publish", source, "--author", author.keyFile);
  await eventually("everything to be kept", async () => {
    const { resources } = await test.colony.agent(name).inspect();
    return resources.length === fileCount + 1 && resources.every(({ phase }) => phase === "kept");
  });
}

async function healFiles(test: TestColony): Promise<readonly number[]> {
  const tookMs: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const path = pathOf(test, repeat);
    const startedMs = performance.now();
    writeFileSync(path, "damaged\n");
    tookMs.push(await spinUntil(() => textOf(path) === contentOf(repeat), startedMs));
    await wait(restMs);
  }
  return tookMs;
}

async function healProcess(test: TestColony): Promise<readonly number[]> {
  const pidFile = join(test.colony.directory, "worker.pid");
  const tookMs: number[] = [];
  // Fewer than make a contest: more kills a minute than that are a fight, which is damped.
  for (let repeat = 0; repeat < 8; repeat += 1) {
    const before = textOf(pidFile);
    const startedMs = performance.now();
    process.kill(Number(before), "SIGKILL");
    tookMs.push(await spinUntil(() => !["", before].includes(textOf(pidFile)), startedMs));
    await wait(restMs);
  }
  return tookMs;
}

async function healMany(test: TestColony): Promise<{ readonly tookMs: number; readonly lost: number }> {
  const startedMs = performance.now();
  for (let index = 0; index < fileCount; index += 1) writeFileSync(pathOf(test, index), "damaged\n");
  const broken = (): number => {
    let count = 0;
    for (let index = 0; index < fileCount; index += 1) {
      if (textOf(pathOf(test, index)) !== contentOf(index)) count += 1;
    }
    return count;
  };
  while (broken() > 0 && performance.now() - startedMs < lostAfterMs) await wait(5);
  return { tookMs: round(performance.now() - startedMs), lost: broken() };
}

/** Looks as often as it can, yielding between looks; the time since the start, at most `lostAfterMs`. */
async function spinUntil(condition: () => boolean, startedMs: number): Promise<number> {
  while (!condition() && performance.now() - startedMs < lostAfterMs) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return performance.now() - startedMs;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
