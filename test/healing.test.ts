import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { supervisedPid } from "../packages/cli/src/demo/supervised.ts";
import { eventually, form, makeAuthor, makeColony, type TestColony } from "./harness/colonies.ts";

const run = promisify(execFile);
const fileCount = 1_000;
const name = "alone";
let test: TestColony;

function pathOf(index: number): string {
  return join(test.colony.rootOf(name), "etc", `file-${index}`);
}

/** One fragment for every 250 files: each stays below the bound of an envelope. */
function source(): string {
  const perFragment = 250;
  return Array.from({ length: fileCount / perFragment }, (_, part) => {
    const promises = Array.from({ length: perFragment }, (_, offset) => {
      const index = part * perFragment + offset;
      return `  file:/etc/file-${index}: { content: "content ${index}\\n", mode: "0644" }`;
    });
    return `stream: home\nname: files-${part}\npromises:\n${promises.join("\n")}\n`;
  }).join("---\n");
}

function broken(): readonly number[] {
  return Array.from({ length: fileCount }, (_, index) => index).filter((index) => {
    try {
      return readFileSync(pathOf(index), "utf8") !== `content ${index}\n`;
    } catch {
      return true;
    }
  });
}

beforeAll(async () => {
  test = makeColony();
  // The sweep is far away: what heals here was woken by an event.
  await form(test, [name], "--sweep", "10m");
  const author = await makeAuthor(test, name);
  const file = join(test.colony.directory, "files.yaml");
  const worker =
    'stream: home\nname: worker\npromises:\n  process:worker: { command: ["/bin/sleep", "86400"] }\n';
  writeFileSync(file, `${source()}---\n${worker}`);
  await test.colony.command(name, "publish", file, "--author", author.keyFile);
  await eventually("all files to be there", () => broken().length === 0);
});

afterAll(() => test.end());

describe("one agent on its own", () => {
  it("restores a thousand files that another process damages at once, without its sweep", async () => {
    const script = 'for i in $(seq 0 999); do echo damaged > "$1/file-$i"; done';
    await run("/bin/sh", ["-c", script, "sh", join(test.colony.rootOf(name), "etc")]);
    await eventually("no file to be broken", () => broken().length === 0);
  });

  it("restores files that were removed, and modes that were changed", async () => {
    rmSync(pathOf(1));
    await run("/bin/chmod", ["0600", pathOf(2)]);
    await eventually("file and mode to be back", async () => {
      const { stdout } = await run("/usr/bin/stat", ["-c", "%a", pathOf(2)]);
      return stdout.trim() === "644" && broken().length === 0;
    });
  });

  it("runs its worker again when it is killed, and only once", async () => {
    const agent = test.colony.agent(name);
    for (let kill = 0; kill < 5; kill += 1) {
      const before = await supervisedPid(agent, "worker");
      process.kill(before, "SIGKILL");
      await eventually("another worker", async () => {
        const after = await supervisedPid(agent, "worker").catch(() => before);
        return after !== before;
      });
    }
  });

  it("adopts its worker again after it was killed itself, and restores what changed meanwhile", async () => {
    const agent = test.colony.agent(name);
    const worker = await supervisedPid(agent, "worker");
    agent.kill("SIGKILL");
    await eventually("the agent to be gone", () => !agent.running);
    writeFileSync(pathOf(3), "damaged while nobody watched\n");
    const again = await test.colony.start(name, "--sweep", "10m");
    await eventually("the file to be back", () => broken().length === 0);
    await eventually(
      "the worker to be kept",
      async () => (await again.resource("process:worker"))?.phase === "kept",
    );
    expect(await supervisedPid(again, "worker")).toBe(worker);
  });
});
